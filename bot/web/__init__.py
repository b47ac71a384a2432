"""The desk over HTTP: what Slack calls, what machines ask, what people look at in a browser."""
