"""The desk's own bare repositories: trees read and built in process, branches fetched by git."""
