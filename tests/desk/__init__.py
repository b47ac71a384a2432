"""The whole desk, in the real local Slack, on a real repository."""
