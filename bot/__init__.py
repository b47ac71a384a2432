"""What speaks with people: Slack, HTTP, the spool and the command line."""
