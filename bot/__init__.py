"""Speaks with people: intake, delivery, the command line."""
