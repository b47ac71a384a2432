"""Every sentence the desk says, and how it is written in each medium.

Here stand words only: what is said when is decided elsewhere, how it is laid out in `bot.delivery.render`.
"""

from bot.delivery.wording.faults import Said, explain, locate

__all__ = ["Said", "explain", "locate"]
