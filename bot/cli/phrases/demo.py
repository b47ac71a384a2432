"""What the demo says about itself."""

from pathlib import Path
from typing import Final

from bot.demo.posts import Ending, Post

LOG_OF_ORIGIN: Final = "The repository now"
SILENCE: Final = "(no answer)"
HOW_IT_ENDED: Final = "How it ended"

_ENDINGS: Final = {
    Ending.LANDED: "a command_patch lands",
    Ending.GATE_FAILED: "a diff whose gate fails does not land",
    Ending.REJECTED: "a broken block is sent back with the place where it is broken",
    Ending.NO_ANSWER: "chatter with code in it gets no answer",
}


def opens(address: str) -> str:
    return (
        f"A local Slack, a desk and a repository, all of them here and now. The Slack: {address}\n"
        "It listens on every interface of this machine for as long as the demo runs.\n"
    )


def stays(address: str) -> str:
    return f"\nStill open: {address} is the local Slack; post something in #patches. Ctrl-C ends it."


def no_local_slack(binary: Path | None) -> str:
    why = f"{binary} is not there" if binary else "none was named (`make demo` installs it where npm is)"
    return f"No local Slack: {why}; so here are the same four posts without Slack.\n"


def local_slack_failed(detail: str) -> str:
    return f"the local Slack did not start: {detail}"


def in_thread(whose: str) -> str:
    return f"in {whose}'s thread"


def changed(whose: str) -> str:
    return f"changes its card in {whose}'s thread"


def reacted(sign: str, whose: str, *, present: bool) -> str:
    return f"{sign} {'on' if present else 'taken from'} {whose}'s message"


def attached(name: str) -> str:
    return f"[file {name}]"


def ending(post: Post) -> str:
    return f"{post.author.name}: {_ENDINGS[post.ending]}"
