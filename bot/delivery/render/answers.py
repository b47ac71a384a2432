"""Replies to people: refusals, repeats, help, lists, one patch; and notes to the operators."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from bot.delivery.render.blocks import Block, Message, context, message, section
from bot.delivery.render.cards import mark
from bot.delivery.render.limits import MOST_SECTION
from bot.delivery.wording import answers, patches, waiting
from bot.delivery.wording.ink import MRKDWN, Ink
from contracts.control import Closed
from contracts.faults import Fault, Rejection
from contracts.notices import Twin
from contracts.outlook import Outlook
from contracts.records import LaneLine, PatchLine, StoredPatch

#: All sections of one message together; Slack refuses a few thousand more (`msg_blocks_too_long`).
_MOST_TOGETHER = 12_000
_MOST_REFUSED = 12


def rejections(refused: Sequence[Rejection]) -> Message:
    """One reply for all blocks of a message; each gets its share of the room."""
    shown, left = refused[:_MOST_REFUSED], len(refused) - _MOST_REFUSED
    share = min(MOST_SECTION, _MOST_TOGETHER // len(shown))
    head, tail = answers.rejected(refused), [answers.MEND]
    if left > 0:
        tail.insert(0, answers.more(left, "block", "blocks"))
    blocks, text = list(section(head)), [head]
    for rejection in shown:
        name = answers.block(rejection, MRKDWN)
        problems = [answers.problem(fault, MRKDWN) for fault in rejection.faults]
        listed = (f"• {problem}" for problem in problems)
        blocks += section(MRKDWN.strong(name), *listed, most=share, each=("problem", "problems"))
        text.append(f"{name}: {problems[0]}")
    return message([*text, *tail], [*blocks, *context(*tail)])


def twin(told: Twin, row: StoredPatch, *, link: str | None) -> Message:
    return _said(answers.twin(told, row, MRKDWN, link=link))


def fault(wrong: Fault) -> Message:
    """A denial, or words that were not understood."""
    return _said(answers.problem(wrong, MRKDWN))


def operators(wrong: Fault) -> Message:
    return _said(answers.operators(wrong, MRKDWN))


def help_text() -> Message:
    commands = [f"• {command}" for command in answers.COMMANDS]
    how = (answers.HOW_TO_POST, answers.WHAT_HAPPENS)
    blocks = [*section(*how), *section(*commands), *context(answers.IN_THREADS)]
    lines = [*how, *commands, answers.IN_THREADS]
    return message(lines, blocks)


def status(lanes: Sequence[LaneLine], closed: Sequence[Closed] = ()) -> Message:
    lines = [waiting.closed(each, MRKDWN) for each in closed]
    lines += [answers.lane(line, MRKDWN) for line in lanes] or [answers.NO_DOMAINS]
    return message(lines, section(*lines, each=("domain", "domains")))


def queue(lines: Sequence[PatchLine], *, left: int = 0) -> Message:
    """*lines* stand domain by domain; *left* more wait that were not read."""
    return _list(queue_lines(lines) or [answers.NOTHING_WAITS], left)


def queue_lines(lines: Sequence[PatchLine]) -> list[str]:
    """Each domain's name, and its patches in their order."""
    said = []
    for domain, patches_of_it in groupby(lines, key=lambda line: line.domain):
        said.append(MRKDWN.strong(MRKDWN.words(domain)))
        said += [patches.brief(line, MRKDWN) for line in patches_of_it]
    return said


def show(
    row: StoredPatch, *, channel: str | None, outlook: Outlook | None, now: datetime, link: str | None
) -> Message:
    """All that is known of one patch."""
    said = patches.summary(row, MRKDWN, now=now)
    who = MRKDWN.words(row.actor.name or row.actor.id)
    title = MRKDWN.strong(patches.title(row.patch, MRKDWN))
    status_line = mark(row.state) + patches.standing(row, MRKDWN, outlook=outlook, now=now)
    blocks = [
        *section(title, status_line, said.hint),
        *section(*(waiting.obstacles(outlook, MRKDWN, now=now) if outlook else ())),
        *section(said.gates_total, *said.gates, each=("gate", "gates")),
        *section(patches.MENDED if said.mended else "", *said.mended, each=("step", "steps")),
        *section(patches.OFFERED if said.offered else "", *said.offered, each=("step", "steps")),
        *section(said.files_total, *said.files, each=("file", "files")),
        *section(said.commands, *patches.details(row.patch, MRKDWN), each=("detail", "details")),
        *context(
            patches.origin(row, MRKDWN, here=channel, link=link, who=who), " · ".join(said.facts), said.times
        ),
    ]
    return message([line for line in (title, status_line, said.hint) if line], blocks)


def why(row: StoredPatch, *, outlook: Outlook | None, now: datetime) -> Message:
    """Every condition that keeps *row* from its turn, and when that may come."""
    title = MRKDWN.strong(patches.title(row.patch, MRKDWN))
    status_line = mark(row.state) + patches.standing(row, MRKDWN, outlook=outlook, now=now)
    lines = why_lines(outlook, now=now) if outlook else ()
    listed = [f"• {line}" for line in lines] or [status_line]
    blocks = [*section(title), *section(*listed), *context(MRKDWN.say("patch {id}", id=row.id))]
    return message([title, *listed], blocks)


def why_lines(outlook: Outlook, *, now: datetime, ink: Ink = MRKDWN) -> tuple[str, ...]:
    return (*waiting.obstacles(outlook, ink, now=now), waiting.estimate(outlook, ink))


def _list(lines: Sequence[str], left: int) -> Message:
    rest = (answers.more(left, "patch", "patches"),) if left else ()
    blocks: list[Block] = [*section(*lines), *context(*rest)]
    return message([*lines, *rest], blocks)


def _said(text: str) -> Message:
    return message([text], section(text))
