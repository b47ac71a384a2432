"""What all pages have in common: links lead somewhere, settings are taken, modules exist."""

import re
from pathlib import Path

import pytest

from bot.settings import read_settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def headings(page: Path) -> set[str]:
    """The anchors of a page, as the common hosts make them."""
    lines = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    for link in links:
        if "://" in link:
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert not anchor or anchor in headings(file), link


@pytest.mark.parametrize("page", ["README.md", "docs/connect-slack.md"])
def test_the_settings_that_are_shown_are_taken(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    shown = re.findall(r"^( *)```yaml\n(.*?)^ *```$", text, re.M | re.S)
    assert shown
    for indent, example in shown:
        settings = re.sub(f"^{indent}", "", example, flags=re.M)
        assert read_settings(settings.encode(), page).domains


@pytest.mark.parametrize("package", ["contracts", "executor", "bot"])
def test_the_architecture_names_every_module_and_no_other(package: str) -> None:
    table = ARCHITECTURE.partition(f"**`{package}`**")[2].partition("\n\n**`")[0].partition("\n## ")[0]
    cells = re.findall(r"^\| ([^|]+) \|", table, re.M)
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    there = {path.stem for path in (ROOT / package).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert named == there - {"__init__", "__main__", "__pycache__"}
