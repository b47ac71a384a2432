"""What importing the desk costs, beside importing nothing but what it stands on; processor time.

The floor of the bot are all modules from outside the project that it loads, imported by name. The floor of
the command line is `import asyncio`.
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.rows import Row
from executor.engine import open_engine

RUNS = 11
#: What reads the environment or prints when it is imported again by its name, and costs nothing.
_LEFT_OUT = ("__main__", "__mp_main__")
_OURS = ("bot", "contracts", "executor")
_OUTSIDE = f"""
import json, sys
import bot.app
print(json.dumps([m for m in sys.modules if m.partition(".")[0] not in {_OURS} and m not in {_LEFT_OUT}]))
"""


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-") as folder:
        floor = Path(folder, "floor.py")
        floor.write_text(
            f"from importlib import import_module\nfor name in {_outside()!r}: import_module(name)\n"
        )
        environment = {
            "PATH": "/usr/bin:/bin",
            "PATCHDESK_DATA": folder,
            "PATCHDESK_CONFIG": f"{folder}/desk.yml",
        }
        Path(environment["PATCHDESK_CONFIG"]).write_text("domains: {bench: {}}\n", encoding="utf-8")
        asyncio.run(_make_store(f"sqlite:///{folder}/desk.db"))
        spent = _medians(
            {
                "bare": [str(floor)],
                "bot": ["-c", "import bot.app"],
                "asyncio": ["-c", "import asyncio"],
                "schema": ["-m", "bot", "schema", "patch"],
                "status": ["-m", "bot", "status"],
            },
            environment,
        )
    return [
        _row("start of the bot, beside the modules it stands on", spent["bot"], spent["bare"], most=1.15),
        _row("`patchdesk schema patch`, beside asyncio", spent["schema"], spent["asyncio"], most=3.0),
        _row("`patchdesk status`, beside asyncio", spent["status"], spent["asyncio"], most=3.0),
    ]


async def _make_store(url: str) -> None:
    engine = await open_engine(url, identity="bench")
    await engine.close()


def _row(name: str, measured: float, floor: float, *, most: float) -> Row:
    ratio = measured / floor
    return Row(
        name, f"{measured * 1000:.0f} ms", f"{floor * 1000:.0f} ms", ratio, f"at most {most}", ratio <= most
    )


def _outside() -> list[str]:
    said = subprocess.run([sys.executable, "-c", _OUTSIDE], check=True, capture_output=True, text=True).stdout
    names: list[str] = json.loads(said.splitlines()[-1])
    return names


def _medians(candidates: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> dict[str, float]:
    """Of each, in turns, so that what else the machine does meets all of them."""
    spent: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(RUNS + 1):
        for name, arguments in candidates.items():
            spent[name].append(_processor_time(arguments, environment))
    return {name: statistics.median(times[1:]) for name, times in spent.items()}


def _processor_time(arguments: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
