"""The tests, and under `peer` the strict and faulty Slack they speak to."""
