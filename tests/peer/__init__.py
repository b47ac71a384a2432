"""A local Slack made strict and faulty: `harness.strict_slack` starts everything."""
