"""`docs/cli.md` names every command, option and exit code there is, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from bot.cli.commands import COMMANDS, build
from bot.cli.exits import ExitCode

PAGE = (Path(__file__).parents[2] / "docs/cli.md").read_text(encoding="utf-8")
SECTIONS: dict[str, str] = dict(re.findall(r"^## patchdesk (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))
APP: Any = get_command(build())


def parameters(command: Any) -> list[Any]:
    """Of a command, or of all commands of a group."""
    inner = getattr(command, "commands", {})
    return [*command.params, *(each for sub in inner.values() for each in parameters(sub))]


def options(command: Any) -> set[str]:
    return {
        name for each in parameters(command) if each.param_type_name == "option" for name in each.opts
    } - {"--help"}


def test_every_command_has_a_section_in_the_order_of_the_help() -> None:
    assert list(SECTIONS) == list(APP.commands) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_of_a_command_are_those_of_its_section(name: str) -> None:
    documented = set(re.findall(r"^\| `(--[\w-]+)` \|", SECTIONS[name], re.M))
    assert documented == options(APP.commands[name])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_arguments_of_a_command_are_named_in_its_section(name: str) -> None:
    arguments = [each for each in parameters(APP.commands[name]) if each.param_type_name == "argument"]
    assert not [each.name for each in arguments if (each.metavar or each.name.upper()) not in SECTIONS[name]]


@pytest.mark.parametrize("name", ["alerts", "oncall", "plan", "schema", "keys", "db"])
def test_the_commands_of_a_group_are_in_its_section(name: str) -> None:
    documented = re.findall(rf"`patchdesk {name} (\w+)", SECTIONS[name])
    assert documented == list(APP.commands[name].commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_their_help_begins_with(name: str) -> None:
    assert APP.commands[name].help.partition("\n")[0] == COMMANDS[name].says


def test_the_exit_codes_are_the_documented_ones() -> None:
    table = PAGE.partition("## Exit codes")[2].partition("\n## ")[0]
    assert [int(code) for code in re.findall(r"^\| (\d) \|", table, re.M)] == list(ExitCode)
