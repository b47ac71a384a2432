"""Alerts at work: what is observed, from where, and the tick that decides what becomes of it."""
