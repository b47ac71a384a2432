"""What does the work: git, gates, landing, and the durable rows they live in."""
