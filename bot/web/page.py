"""The dashboard as HTML. Pure: an overview goes in, text comes out; whatever is not ours is escaped."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.delivery.wording import figures
from bot.delivery.wording import overview as wording
from bot.overview import Overview


@dataclass(frozen=True, slots=True)
class Shown:
    """What changes on the page. *html* is escaped already; *version* differs where it does."""

    at: datetime
    at_text: str
    html: str
    version: str
    tables: tuple[wording.Table, ...]


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("bot.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def shown(seen: Overview) -> Shown:
    tables = wording.tables(seen)
    html = (
        _templates()
        .get_template("overview.html")
        .render(
            headline=wording.headline(seen),
            standing=wording.standing(seen.counts, running=seen.running),
            tables=tables,
        )
    )
    version = hashlib.sha256(html.encode()).hexdigest()[:16]
    return Shown(seen.at, figures.utc(seen.at), html, version, tables)


def dashboard(shown: Shown, *, signed_in: bool) -> str:
    """The whole page. *signed_in*: by a form, so that one can sign out."""
    template = _templates().get_template("dashboard.html")
    return template.render(words=wording, shown=shown, tables=shown.tables, signed_in=signed_in)


def login(*, refused: bool) -> str:
    return _templates().get_template("login.html").render(words=wording, refused=refused)
