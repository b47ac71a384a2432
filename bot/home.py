"""The App Home: how everything stands, drawn for one person when they open it."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from bot.delivery import questions
from bot.delivery.render.dialogs import View
from contracts.ports import Ledger
from contracts.settings import Settings


async def home(
    user: str,
    *,
    channels_of: Callable[[str], Awaitable[frozenset[str]]],
    ledger: Ledger,
    settings: Settings,
    now: datetime,
) -> View:
    """The view to publish: the domains of the channels that *user* is in, and of no others.

    A title may say what a private channel keeps to itself.
    """
    channels = await channels_of(user)
    seen = [name for name, domain in settings.domains.items() if channels.intersection(domain.channels)]
    return await questions.home(seen, ledger=ledger, now=now)
