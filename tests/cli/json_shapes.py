"""The shapes of JSON that `docs/cli.md` promises."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PAGE = (Path(__file__).parents[2] / "docs/cli.md").read_text(encoding="utf-8")
_EXAMPLES: list[tuple[str, str]] = re.findall(r"<!-- json: ([\w ]+) -->\n```json\n(.*?)```", _PAGE, re.S)
PROMISED: dict[str, Any] = {name: json.loads(text) for name, text in _EXAMPLES}
#: Mappings with keys of their own.
_FREE = {"facts"}


def departures(promised: Any, real: Any, at: str = "") -> Iterator[str]:
    """Where *real* has another shape than *promised*. Null stands for anything."""
    match promised, real:
        case (None, _) | (_, None):
            return
        case dict(), dict():
            if promised.keys() != real.keys():
                yield f"{at}: {sorted(promised)} became {sorted(real)}"
            for key in (promised.keys() & real.keys()) - _FREE:
                yield from departures(promised[key], real[key], f"{at}.{key}")
        case [first, *_], list():
            for each in real:
                yield from departures(first, each, f"{at}[]")
        case _:
            if _kind(promised) != _kind(real):
                yield f"{at}: {promised!r} became {real!r}"


def _kind(value: Any) -> str:
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )
