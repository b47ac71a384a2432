"""What rows look like in Slack: pure functions from rows to messages and views.

`cards`, `summaries` and `answers` give a `blocks.Message`, `dialogs` gives views, `limits` checks both.
"""
