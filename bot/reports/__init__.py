"""Reports on a schedule, what they are made from, their plots, and the execution log."""
