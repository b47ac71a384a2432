"""A report as a message, as Markdown and as a page. The words are the same; only the ink differs."""

import html
from collections.abc import Iterator, Sequence

from bot.delivery.render.blocks import Block, Message, context, message, section
from bot.delivery.render.limits import MOST_SECTION, length
from bot.delivery.wording.ink import HTML, MARKDOWN, MRKDWN, visible
from bot.delivery.wording.report_figures import Row
from bot.delivery.wording.report_parts import Part, opening, parts, recompute, title
from contracts.reports.body import Body

_COLUMNS = ("", "now", "before", "change", "")


# For Slack ---------------------------------------------------------------------------------------
#: All parts of one message share its room: Slack refuses a few thousand characters more.
_MOST_TOGETHER = 12_000


def report(body: Body) -> Message:
    said = parts(body, MRKDWN)
    name = title(body)
    blocks: list[Block] = [*section(MRKDWN.strong(MRKDWN.words(name)))]
    blocks += context(*opening(body, MRKDWN))
    most = _most(said)
    for part in said:
        blocks += section(*_lines(part), most=MOST_SECTION if part.table else most)
    blocks += context(recompute(body, MRKDWN))
    first = [text for part in said[:1] for text in (*part.text, *part.points)]
    return message([MRKDWN.words(name), *opening(body, MRKDWN), *first], blocks)


def _most(said: Sequence[Part]) -> int:
    """What a part without numbers may take, so that the numbers are whole: those are a known few."""
    numbers = sum(length("\n".join(_lines(part))) for part in said if part.table)
    lists = sum(not part.table for part in said)
    return min(MOST_SECTION, (_MOST_TOGETHER - numbers) // max(1, lists))


def _lines(part: Part) -> Iterator[str]:
    if part.heading:
        yield MRKDWN.strong(part.heading)
    for row in part.table:
        yield f"• {_told(row)}"
    yield from (f"• {point}" for point in part.points)
    yield from part.text


def _told(row: Row) -> str:
    beside = "; ".join(each for each in (row.change, row.before and f"{row.before} before") if each)
    return (
        f"{row.name}: {MRKDWN.strong(row.now)}"
        + (f" ({beside})" if beside else "")
        + (f". {row.note}" if row.note else "")
    )


# As Markdown -------------------------------------------------------------------------------------
def report_markdown(body: Body) -> str:
    lines = [f"# {MARKDOWN.words(title(body))}", ""]
    lines += _paragraphs(opening(body, MARKDOWN))
    for part in parts(body, MARKDOWN):
        lines += [f"## {part.heading}", ""] if part.heading else []
        if part.table:
            lines += [f"| {' | '.join(_COLUMNS)} |", "|---|---|---|---|---|"]
            lines += [f"| {' | '.join(_cell(each) for each in row)} |" for row in part.table]
            lines.append("")
        lines += [*(f"- {point}" for point in part.points), *([""] if part.points else [])]
        lines += _paragraphs(part.text)
    return "\n".join([*lines, recompute(body, MARKDOWN), ""])


def _paragraphs(texts: tuple[str, ...]) -> list[str]:
    return [line for text in texts for line in (text, "")]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# As a page ---------------------------------------------------------------------------------------
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1d2430}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid #d9dee6;vertical-align:top}"
    "code{background:#f1f3f6;padding:0 .2rem}footer{margin-top:2rem;color:#556}"
)


def report_html(body: Body) -> str:
    """One file that needs nothing else. What people wrote is escaped where it is inked."""
    name = html.escape("".join(map(visible, title(body))))
    inside = [f"<h1>{name}</h1>", *(f"<p>{text}</p>" for text in opening(body, HTML))]
    for part in parts(body, HTML):
        inside += _elements(part)
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{name}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(inside)
        + f"\n<footer>{recompute(body, HTML)}</footer>\n</body>\n</html>\n"
    )


def _elements(part: Part) -> Iterator[str]:
    if part.heading:
        yield f"<h2>{html.escape(part.heading)}</h2>"
    if part.table:
        head = "".join(f'<th scope="col">{name}</th>' for name in _COLUMNS)
        rows = (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in part.table)
        yield f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    if part.points:
        yield f"<ul>{''.join(f'<li>{point}</li>' for point in part.points)}</ul>"
    yield from (f"<p>{text}</p>" for text in part.text)
