"""Alerts: what fires, how it is gathered, who is told, and what people do about it. Pure."""
