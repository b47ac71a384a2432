"""What is the SQLite engine's own: its files, its group commit, its damage."""
