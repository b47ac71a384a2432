"""What Slack takes: the limits of messages and views, and a check that nothing over them is sent.

One block over a limit makes Slack refuse the whole message (`invalid_blocks`). The renderers keep within
the limits by how they build; `check_message` and `check_view` make sure. Lengths are UTF-16 units, the
stricter way to count. Source: Slack's Block Kit reference.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MOST_TEXT: Final = 4_000  #: `chat.update` refuses more
MOST_BLOCKS: Final = 50
MOST_VIEW_BLOCKS: Final = 100
MOST_SECTION: Final = 3_000
MOST_HEADER: Final = 150
MOST_ELEMENTS: Final = 10
MOST_ACTIONS: Final = 25
MOST_BUTTON: Final = 75
MOST_VALUE: Final = 2_000
MOST_OPTIONS: Final = 100
MOST_OPTION: Final = 75
MOST_INPUT: Final = 3_000
MOST_VIEW_TITLE: Final = 24
MOST_LABEL: Final = 2_000
MOST_PLACEHOLDER: Final = 150
MOST_METADATA: Final = 3_000
MOST_ID: Final = 255

Json = Mapping[str, Any]


class OverLimitError(Exception):
    """A renderer built something that Slack would refuse; the text says what and where."""


def length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_message(text: str, blocks: tuple[Json, ...]) -> None:
    """Raises OverLimitError if Slack would refuse the message."""
    _raise([*_size(text, 1, MOST_TEXT, "text"), *_blocks(blocks, MOST_BLOCKS, _IN_MESSAGES)])


def check_view(view: Json) -> None:
    """Raises OverLimitError if Slack would refuse the modal or App Home."""
    problems = [*_blocks(tuple(view["blocks"]), MOST_VIEW_BLOCKS, _IN_VIEWS)]
    problems += _size(view.get("private_metadata", ""), 0, MOST_METADATA, "private_metadata")
    problems += _size(view.get("callback_id", ""), 0, MOST_ID, "callback_id")
    for name in ("title", "submit", "close"):
        if name in view:
            problems += _text(view[name], MOST_VIEW_TITLE, name)
    _raise(problems)


def _raise(problems: list[str]) -> None:
    if problems:
        raise OverLimitError("; ".join(problems))


def _size(text: str, least: int, most: int, where: str) -> Iterator[str]:
    if not least <= length(text) <= most:
        yield f"{where} has {length(text)} characters, not {least} to {most}"


def _text(text: Json, most: int, where: str) -> Iterator[str]:
    yield from _size(text["text"], 1, most, where)
    if text["type"] == "mrkdwn" and not text.get("verbatim"):
        yield f"{where} lets Slack look for mentions"


def _blocks(blocks: tuple[Json, ...], most: int, kinds: frozenset[str]) -> Iterator[str]:
    if len(blocks) > most:
        yield f"there are {len(blocks)} blocks, not at most {most}"
    for index, block in enumerate(blocks):
        where = f"block {index} ({block['type']})"
        if block["type"] not in kinds:
            yield f"{where} does not belong here"
        yield from _block(block, where)


_IN_MESSAGES = frozenset({"section", "context", "divider", "actions"})
_IN_VIEWS = _IN_MESSAGES | {"header", "input"}


def _block(block: Json, where: str) -> Iterator[str]:
    match block["type"]:
        case "section":
            yield from _text(block["text"], MOST_SECTION, where)
        case "header":
            yield from _text(block["text"], MOST_HEADER, where)
        case "context":
            if not 1 <= len(block["elements"]) <= MOST_ELEMENTS:
                yield f"{where} has {len(block['elements'])} elements, not 1 to {MOST_ELEMENTS}"
            for element in block["elements"]:
                yield from _text(element, MOST_SECTION, where)
        case "actions":
            yield from _actions(block, where)
        case "input":
            yield from _input(block, where)
        case _:
            pass


def _actions(block: Json, where: str) -> Iterator[str]:
    elements = block["elements"]
    if not 1 <= len(elements) <= MOST_ACTIONS:
        yield f"{where} has {len(elements)} elements, not 1 to {MOST_ACTIONS}"
    if len({element["action_id"] for element in elements}) < len(elements):
        yield f"{where} has two elements of one action_id"
    for element in elements:
        yield from _size(element["action_id"], 1, MOST_ID, f"{where} action_id")
        if element["type"] == "static_select":
            yield from _text(element["placeholder"], MOST_PLACEHOLDER, f"{where} placeholder")
            yield from _select(element, where)
        else:
            yield from _text(element["text"], MOST_BUTTON, f"{where} button")
            yield from _size(element.get("value", ""), 0, MOST_VALUE, f"{where} value")


def _input(block: Json, where: str) -> Iterator[str]:
    element = block["element"]
    yield from _size(block["block_id"], 1, MOST_ID, f"{where} block_id")
    yield from _text(block["label"], MOST_LABEL, f"{where} label")
    if "hint" in block:
        yield from _text(block["hint"], MOST_LABEL, f"{where} hint")
    if "placeholder" in element:
        yield from _text(element["placeholder"], MOST_PLACEHOLDER, f"{where} placeholder")
    yield from _size(element.get("initial_value", ""), 0, MOST_INPUT, f"{where} initial_value")
    if element["type"] == "static_select":
        yield from _select(element, where)


def _select(element: Json, where: str) -> Iterator[str]:
    groups = element.get("option_groups", [])
    lists = [group["options"] for group in groups] or [element["options"]]
    if len(groups) > MOST_OPTIONS:
        yield f"{where} has {len(groups)} groups, not at most {MOST_OPTIONS}"
    for group in groups:
        yield from _text(group["label"], MOST_OPTION, f"{where} group")
    for each in lists:
        if not 1 <= len(each) <= MOST_OPTIONS:
            yield f"{where} has {len(each)} options, not 1 to {MOST_OPTIONS}"
    options = [option for each in lists for option in each]
    for option in options:
        yield from _text(option["text"], MOST_OPTION, f"{where} option")
        yield from _size(option["value"], 1, MOST_OPTION, f"{where} option value")
    if "initial_option" in element and element["initial_option"] not in options:
        yield f"{where} begins with an option that it does not have"
