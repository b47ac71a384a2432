"""Reports: what is told on a schedule, and the numbers in it. Pure."""
