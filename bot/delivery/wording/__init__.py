"""Every sentence the desk says, and how it is written in each medium.

Here stand words only: what is said when is decided elsewhere, how it is laid out in `bot.delivery.render`.
"""

from bot.delivery.wording.faults import explain, locate
from bot.delivery.wording.said import Said

__all__ = ["Said", "explain", "locate"]
