"""A patch that is given on the command line, read by the same rules as one from Slack."""

import os
import platform
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.delivery.wording.faults import explain, locate
from contracts.commands import Actor, ActorKind, Part, PartKind, Submit
from contracts.faults import Rejection
from contracts.formats.context import Context
from contracts.formats.detect import language_of
from contracts.formats.reading import read
from contracts.patch import Patch


def given(file: str) -> Part:
    """The content of *file*, or of standard input for `-`."""
    if file == "-":
        return Part(PartKind.WHOLE, sys.stdin.buffer.read())
    try:
        body = Path(file).read_bytes()
    except OSError as error:
        stop(ExitCode.USAGE, phrases.not_readable(Path(file), error.strerror or str(error)))
    name = Path(file).name
    return Part(PartKind.WHOLE, body, name, language_of(name) or "")


def read_or_stop(submit: Submit, context: Context) -> tuple[Patch, ...]:
    """The patches in *submit*. The command ends with what is wrong if any block of it is not one."""
    results = read(submit, context)
    rejections = [each for each in results if isinstance(each, Rejection)]
    if rejections:
        stop(ExitCode.NO, refusal(rejections), phrases.NOTHING_DONE)
    return tuple(each for each in results if isinstance(each, Patch))


def refusal(rejections: Sequence[Rejection]) -> str:
    """What is wrong with the blocks and how to mend it, a line for each fault."""
    lines = []
    for wrong in (wrong for rejection in rejections for wrong in rejection.faults):
        said, place = explain(wrong), locate(wrong)
        lines.append(f"{place}: {said.what} {said.hint}".removeprefix(": ").rstrip())
    return "\n".join(lines)


def operator() -> Actor:
    """Whoever runs this command on the desk's machine."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    return Actor(ActorKind.OPERATOR, name, name, f"{name}@{platform.node()}")
