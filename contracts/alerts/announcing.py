"""What is said of a group's new entries, and where."""

from contracts.alerts.model import Entry, Group
from contracts.alerts.rules import Rules
from contracts.notices import NewDelivery


def told(before: Group, after: Group, entries: tuple[Entry, ...], rules: Rules) -> tuple[NewDelivery, ...]:
    """PostAlert when first spoken of, EditAlert where the card changes, TellAlert for entries in its thread;
    PageSomebody, MailAlert and CallWebhook for steps of its chain.

    What goes to Slack needs a channel: without any, only e-mails and webhooks are said.
    """
    raise NotImplementedError
