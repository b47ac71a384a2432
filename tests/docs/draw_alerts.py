"""Draw the life of a group into `docs/alerts.md`: `python -m tests.docs.draw_alerts` writes the page."""

from pathlib import Path

from contracts.alerts.model import GROUP_TRANSITIONS, GroupEvent, GroupState
from tests.docs.draw_states import meanings, picture

PAGE = Path(__file__).parents[2] / "docs/alerts.md"
_BEGIN = "<!-- drawn by: python -m tests.docs.draw_alerts -->\n"
_END = "<!-- drawn until here -->\n"


def page(text: str) -> str:
    """*text* with the picture as the table has it now."""
    before, _, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2]
    drawn = [
        *picture(GROUP_TRANSITIONS, GroupState.WAITING),
        "",
        *meanings("state", GroupState),
        "",
        *meanings("event", GroupEvent),
        "",
    ]
    return f"{before}{_BEGIN}" + "\n".join(drawn) + f"{_END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
