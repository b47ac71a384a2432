"""The desk shown at work beside a local Slack."""
