"""How the demo is shown on a terminal: who said what, in whose thread."""

import html
import re
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.cli.phrases import demo as phrases
from bot.cli.reading import refusal
from bot.cli.rehearse import outcome
from bot.delivery.wording.ink import visible_lines
from bot.demo.offline import Played, Tried
from bot.demo.peer import PATCHDESK, PATCHES, Workspace
from bot.demo.posts import Post
from bot.demo.watch import Edited, Happening, Posted, Reacted
from contracts.faults import Rejection

_SIGNS = {"eyes": "👀", "white_check_mark": "✅", "x": "❌", "warning": "⚠️"}
_COLOURS = {"U0ADA": "magenta", "U0BEN": "cyan", "U0CLEO": "yellow"}
_NAMES = {user.id: user.name for user in Workspace().users} | {PATCHDESK.bot_user_id: PATCHDESK.name}


class Theatre:
    """Prints what happens; remembers whose message a thread began with."""

    def __init__(self) -> None:
        # Markup and emoji codes are off: what is shown was written by others.
        self._console = Console(markup=False, emoji=False, highlight=False)
        self._authors: dict[str, str] = {}

    def say(self, text: str) -> None:
        self._console.print(text)

    def open(self, address: str) -> None:
        self.say(phrases.opens(address))

    def stay(self, address: str) -> None:
        self.say(phrases.stays(address))

    def tell(self, happening: Happening) -> None:
        match happening:
            case Posted(ts=ts, thread=thread, user=user) if thread in {None, ts}:
                self._authors[ts] = user
                self._line(user, f"#{PATCHES.name}")
                self._body(happening.text, happening.files, indent=2)
            case Posted(user=user, thread=thread):
                self._line(user, phrases.in_thread(self._whose(thread or happening.ts)), indent=4)
                self._body(happening.text, happening.files, indent=6)
            case Edited(user=user, thread=thread):
                self._line(user, phrases.changed(self._whose(thread or happening.ts)), indent=4)
                self._body(happening.text, (), indent=6)
            case Reacted(ts=ts, user=user, name=name, present=present):
                sign = _SIGNS.get(name, name)
                self._line(user, phrases.reacted(sign, self._whose(ts), present=present), indent=4)

    def rehearsed(self, played: Played) -> None:
        """One post of those that are played without Slack."""
        self._line(played.post.author.id, "")
        self._body(played.post.text, (), indent=2)
        for result in played.results:
            said = (
                refusal([result])
                if isinstance(result, Rejection)
                else "\n".join(outcome(result.patch, result.rehearsal))
            )
            self._console.print(Padding(Text(said), (0, 0, 1, 4)))
        if not played.results:
            self._console.print(Padding(phrases.SILENCE, (0, 0, 1, 4)))

    def log(self, drawn: str) -> None:
        self._console.rule(phrases.LOG_OF_ORIGIN, align="left")
        self._console.print(visible_lines(drawn))

    def verdict(self, judged: Sequence[tuple[Post, Sequence[str]]]) -> None:
        self._console.rule(phrases.HOW_IT_ENDED, align="left")
        for post, different in judged:
            sign, style = ("✗", "red") if different else ("✓", "green")
            self._console.print(Text.assemble((sign, style), " ", phrases.ending(post)))
            for difference in different:
                self._console.print(Padding(difference, (0, 0, 0, 4)))

    def _whose(self, ts: str) -> str:
        return _name(self._authors.get(ts, ""))

    def _line(self, user: str, rest: str, *, indent: int = 0) -> None:
        named = Text.assemble((_name(user), f"bold {_COLOURS.get(user, 'green')}"), (f"  {rest}", "dim"))
        self._console.print(Padding(named, (0, 0, 0, indent)))

    def _body(self, text: str, files: Sequence[str], *, indent: int) -> None:
        shown = [readable(text)] if text else []
        shown += [phrases.attached(name) for name in files]
        self._console.print(Padding(Text("\n".join(shown)), (0, 0, 1, indent)))


def _name(user: str) -> str:
    return _NAMES.get(user, user)


def _answer(result: Tried | Rejection) -> str:
    if isinstance(result, Rejection):
        return refusal([result])
    return "\n".join(outcome(result.patch, result.rehearsal))


def readable(mrkdwn: str) -> str:
    """A message as Slack would show it, more or less: signs for emoji codes, no escapes, dates as text."""
    dated = re.sub(r"<!date\^[^|>]*\|([^>]*)>", r"\1", mrkdwn)
    named = re.sub(r"<@(\w+)>", lambda found: f"@{_name(found[1])}", dated)
    signed = re.sub(r":(\w+):", lambda found: _SIGNS.get(found[1], found[0]), named)
    plain = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", signed)
    return visible_lines(html.unescape(plain))
