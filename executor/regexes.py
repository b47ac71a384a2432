"""Runs the regular expressions of patches in a program of their own, bounded in time and memory."""

import asyncio
import json
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from executor import process
from executor.changeset import substitution
from executor.changeset.substitution import Answer, Invalid, Request, TooSlow

#: What starting the program and compiling an honest expression may take beside the search.
_STARTING = timedelta(seconds=5)


async def substitute(request: Request) -> Answer:
    ended = await process.run(
        [sys.executable, "-I", str(Path(substitution.__file__))],
        env={"LC_ALL": "C.UTF-8"},
        stdin=json.dumps(asdict(request)).encode(),
        within=_STARTING + timedelta(seconds=request.seconds),
        most=6 * request.most_size + 4096,  # JSON writes a character in at most six bytes
    )
    match ended:
        case process.Exited(code=0, stdout=stdout):
            return substitution.read_answer(stdout)
        case process.TimedOut():
            return TooSlow()
        case process.Exited() | process.Flooded():
            return Invalid(substitution.TOO_BIG)
        case process.NotStarted(detail=detail):
            raise OSError(detail)


class Regexes:
    """`substitute` for code that runs in a thread beside the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def __call__(self, request: Request) -> Answer:
        return asyncio.run_coroutine_threadsafe(substitute(request), self._loop).result()
