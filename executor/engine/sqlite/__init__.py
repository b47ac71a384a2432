"""The desk's rows in one SQLite file."""
