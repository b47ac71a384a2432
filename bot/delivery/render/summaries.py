"""What came of a patch: the reply in its thread, and the same as a Markdown file."""

import re
from collections.abc import Sequence
from datetime import datetime

from bot.delivery.render.blocks import Message, context, message, section
from bot.delivery.render.cards import mark
from bot.delivery.wording import answers, patches
from bot.delivery.wording.ink import MARKDOWN, MRKDWN, visible_lines
from contracts.gates import GateResult
from contracts.records import StoredPatch


def summary(row: StoredPatch, *, now: datetime) -> Message:
    said = patches.summary(row, MRKDWN, now=now)
    headline = mark(row.state) + said.headline
    blocks = [
        *section(headline, said.hint),
        *section(said.gates_total, *said.gates, each=("gate", "gates")),
        *section(patches.MENDED if said.mended else "", *said.mended, each=("step", "steps")),
        *section(patches.OFFERED if said.offered else "", *said.offered, each=("step", "steps")),
        *section(said.files_total, *said.files, each=("file", "files")),
        *section(said.commands),
        *context(answers.LOGS_FOLLOW if patches.logs(row) else "", " · ".join(said.facts), said.times),
    ]
    text = (headline, said.hint, said.gates_total, said.files_total.rstrip(":"))
    return message([line for line in text if line], blocks)


def summary_markdown(row: StoredPatch, *, now: datetime) -> str:
    """The same in full, with the logs of the gates that did not pass; ends with a line feed."""
    said = patches.summary(row, MARKDOWN, now=now)
    who = MARKDOWN.words(row.actor.name or row.actor.id)
    parts = [
        f"# {patches.title(row.patch, MARKDOWN)}",
        patches.origin(row, MARKDOWN, here=None, link=None, who=who),
        f"{said.headline} {said.hint}".strip(),
        _listed(said.gates_total, said.gates),
        _listed(patches.MENDED if said.mended else "", said.mended),
        _listed(patches.OFFERED if said.offered else "", said.offered),
        _listed(said.files_total, said.files),
        _listed("", said.facts),
        said.times,
        said.commands,
        _listed("", patches.details(row.patch, MARKDOWN)),
        *(_log(gate) for gate in patches.logs(row)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _listed(heading: str, lines: Sequence[str]) -> str:
    items = "\n".join(f"- {line}" for line in lines)
    return "\n\n".join(part for part in (heading, items) if part)


def _log(gate: GateResult) -> str:
    """Between fences longer than any that the gate printed."""
    output = visible_lines(gate.output)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", output)), default=0))
    return f"## {answers.log_title(gate.name, gate.dropped)}\n\n{fence}\n{output}\n{fence}"
