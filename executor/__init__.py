"""Does the work: the store, git, gates, landing. Cannot speak to Slack; it writes notices."""
