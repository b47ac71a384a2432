"""The shapes of JSON that `docs/http.md` promises."""

import json
import re
from pathlib import Path
from typing import Any

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text(encoding="utf-8")
PROMISED: dict[str, Any] = {
    name: json.loads(text)
    for name, text in re.findall(r"<!-- json: ([\w ]+) -->\n```json\n(.*?)```", PAGE, re.S)
}


def unnamed(health: dict[str, Any]) -> dict[str, Any]:
    """*health* with lists where it has names of its own: of components, gates and levels."""
    return health | {
        "services": list(health["services"].values()),
        "acceptance_gates": [
            gate for gates in health["acceptance_gates"].values() for gate in gates.values()
        ],
        "slo": [level for levels in health["slo"].values() for level in levels],
        "unmeasured": list(health["unmeasured"].values()),
    }
