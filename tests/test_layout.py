"""The house rules that no linter knows: names, strays, and dependencies with a reason and a use."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "benchmarks",
    "bot",
    "contracts",
    "deploy",
    "docs",
    "executor",
    "manifest.yml",
    "pyproject.toml",
    "requirements",
    "tests",
}
BUCKETS = re.compile(r"(^|_)(utils?|common|helpers?|managers?|misc|shared|core|lib|stuff)$")
LEFT_BEHIND = re.compile(
    r"(~|\.(bak|backup|broken|old|orig|rej|rewrite|save|swp|tmp))$|[ (]copy|\bcopy of ", re.I
)
SECOND_TRY = re.compile(r"_(backup|bak|clean|copy|final|fixed|new|old|orig|v?\d+)$")
NEVER_COMMITTED = {".env", ".venv", "__pycache__", "backups", "node_modules", "var"}

#: Where the name to import is not the name to install; zoneinfo reads tzdata where the system has no zones.
IMPORT_NAMES = {"pyyaml": "yaml", "tzdata": "zoneinfo"}


def tracked() -> list[PurePosixPath]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    return [PurePosixPath(name) for name in listed.stdout.split("\0") if name]


def normal(requirement: str) -> str:
    """The name in a requirement, spelled as the registries compare it."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match, requirement
    return re.sub(r"[-_.]+", "-", match[0]).lower()


def runtime() -> list[str]:
    return [normal(requirement) for requirement in PROJECT["project"]["dependencies"]]


def pins(path: Path) -> dict[str, str]:
    """Name to version, of a requirements file."""
    text = path.read_text(encoding="utf-8")
    return {normal(name): version for name, version in re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.M)}


@cache
def imported(*packages: str) -> frozenset[str]:
    files = [file for package in packages for file in (ROOT / package).rglob("*.py")]
    return frozenset(name for file in files for name in imports_of(ast.parse(file.read_bytes(), str(file))))


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module)):
                yield module.partition(".")[0]
            case _:
                pass


def test_modules_and_folders_are_named_for_what_they_do() -> None:
    code = [path for path in tracked() if path.suffix == ".py"]
    parts = {part.removesuffix(".py") for path in code for part in path.parts}
    assert not [part for part in parts if BUCKETS.search(part)]


def test_no_second_try_of_a_file_lies_beside_the_first() -> None:
    assert not [str(path) for path in tracked() if LEFT_BEHIND.search(path.name)]
    assert not [str(path) for path in tracked() if path.suffix == ".py" and SECOND_TRY.search(path.stem)]


@pytest.mark.parametrize(
    "name",
    ["slack.py.broken", "gates copy.py", "worker.py~", "queue.py.orig", "linter_clean.py", "queue_v2.py"],
)
def test_the_names_that_history_leaves_behind_are_known(name: str) -> None:
    assert LEFT_BEHIND.search(name) or SECOND_TRY.search(PurePosixPath(name).stem)


def test_nothing_installed_generated_or_secret_is_committed() -> None:
    assert not [str(path) for path in tracked() if NEVER_COMMITTED.intersection(path.parts)]


def test_the_top_level_holds_only_what_belongs_there() -> None:
    assert {path.parts[0] for path in tracked()} <= TOP_LEVEL


@pytest.mark.parametrize("name", runtime())
def test_a_dependency_has_a_decision(name: str) -> None:
    rows = re.findall(
        r"^\| `([\w.-]+)` \|",
        (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert name in {normal(row) for row in rows}


@pytest.mark.parametrize("name", runtime())
def test_a_dependency_is_used(name: str) -> None:
    assert IMPORT_NAMES.get(name, name.replace("-", "_")) in imported("bot", "executor", "contracts")


def test_what_the_code_imports_is_declared() -> None:
    """Nothing works only because some other dependency happens to bring it."""
    known = {IMPORT_NAMES.get(name, name.replace("-", "_")) for name in runtime()}

    ours = {"bot", "executor", "contracts"}
    assert imported("bot", "executor", "contracts") <= known | ours | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.stem)
def test_requirements_are_exact_hashed_and_name_no_registry(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    assert "://" not in text
    assert set(runtime()) <= set(pins(path))
    assert not [line for line in lines if not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]


def test_the_lock_of_the_local_slack_names_no_registry() -> None:
    lock = json.loads((ROOT / "tests/peer/package-lock.json").read_text(encoding="utf-8"))
    packages = [package for place, package in lock["packages"].items() if place]
    assert packages
    assert all("resolved" not in package and package["integrity"] for package in packages)


def test_every_layer_of_the_environment_holds_the_same_releases() -> None:
    run = pins(ROOT / "requirements/run.txt")
    assert [path.stem for path in REQUIREMENTS] == ["bench", "dev", "run"]
    for path in REQUIREMENTS:
        assert run.items() <= pins(path).items(), path.name


def test_every_group_of_development_is_pinned() -> None:
    for group, names in PROJECT["dependency-groups"].items():
        pinned = pins(ROOT / "requirements" / f"{'run' if group == 'build' else group}.txt")
        assert {normal(name) for name in names} <= set(pinned), group


def test_an_exception_from_the_lint_rules_is_for_a_file_that_exists() -> None:
    patterns = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
    stale = [pattern for pattern in patterns if "{" not in pattern and not list(ROOT.glob(pattern))]
    assert not stale
