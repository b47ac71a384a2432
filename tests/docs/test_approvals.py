"""The files that `docs/approvals.md` shows are taken, and its list of defaults is the true one."""

import re
from pathlib import Path

from bot.settings import read_settings
from contracts.protection import DEFAULT_PATHS, CommandRule
from contracts.repository_policy import RepositoryPolicy, read_policy

PAGE = (Path(__file__).parents[2] / "docs/approvals.md").read_text(encoding="utf-8")
EXAMPLES: list[str] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_settings_and_the_policy_that_are_shown_are_taken() -> None:
    settings, policy = EXAMPLES
    [domain] = read_settings(settings.encode(), "approvals.md").domains.values()
    assert [each.rule for each in domain.protected] == ["approve", "refuse"]
    taken = read_policy(policy.encode())
    assert isinstance(taken, RepositoryPolicy), taken
    assert [gate.name for gate in taken.gates] == ["typecheck"]


def test_the_paths_that_are_protected_without_a_list_are_the_named_ones() -> None:
    named = PAGE.partition("- Without a list, ")[2].partition(" need an")[0]
    assert re.findall(r"`([^`]+)`", named) == [path.removeprefix("/") for path in DEFAULT_PATHS]


def test_every_rule_for_shell_lines_has_a_row() -> None:
    table = PAGE.partition("## Shell lines inside a patch")[2]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(CommandRule)
