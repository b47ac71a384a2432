"""`docs/configuration.md` names every setting with its true default, and nothing else."""

import re
from collections.abc import Iterator, Sized
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import bot.settings
from bot.settings import read_config, read_settings
from contracts.settings import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
ROWS: dict[str, str] = dict(re.findall(r"^\| `([\w.<>\[\]]+)` \| `?([^|`]+?)`? \|", PAGE, re.M))
EXAMPLES: list[str] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)


def settings_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Dotted name and default of every setting that is not itself a section."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        match section_in(field.annotation):
            case None:
                yield path, spelled(field)
            case inner, "dict":
                yield from settings_of(inner, f"{path}.<name>.")
            case inner, "tuple":
                yield from settings_of(inner, f"{path}[].")
            case inner, _:
                yield from settings_of(inner, f"{path}.")


def section_in(annotation: Any) -> tuple[type[BaseModel], str] | None:
    """The section that a field holds, and the kind of container it comes in ("": none)."""
    if isinstance(annotation, type):
        return (annotation, "") if issubclass(annotation, BaseModel) else None
    held = [each for each in get_args(annotation) if isinstance(each, type) and issubclass(each, BaseModel)]
    return (held[0], get_origin(annotation).__name__) if held else None


def spelled(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    match field.get_default(call_default_factory=True):
        case None:
            return "none"
        case bool(value):
            return str(value).lower()
        case timedelta() as time:
            return f"{time.total_seconds():g}"
        case str() | int() as value:
            return str(value)
        case Sized() as collection if not collection:
            return "none"
        case other:
            raise AssertionError(f"no spelling for the default {other!r}")


def test_every_setting_has_a_row_with_its_default_and_every_row_a_setting() -> None:
    in_the_file = {name: default for name, default in ROWS.items() if "." in name}
    assert in_the_file == dict(settings_of(Settings))


def test_every_variable_of_the_environment_has_a_row() -> None:
    source = Path(bot.settings.__file__).read_text(encoding="utf-8")
    read = set(re.findall(r'environment\.get\("(\w+)"\)', source))
    assert read
    assert {name for name in ROWS if name.isupper()} == read


def test_the_defaults_of_the_environment_are_the_documented_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = read_config({})
    assert str(config.data) == ROWS["PATCHDESK_DATA"]
    assert f"{config.http_host}:{config.http_port}" == ROWS["PATCHDESK_HTTP"]
    assert config.database_url == ROWS["PATCHDESK_DATABASE_URL"].replace("<data>", str(tmp_path / "var"))


def test_every_example_is_taken() -> None:
    assert EXAMPLES
    for example in EXAMPLES:
        assert read_settings(example.encode(), "example").domains
