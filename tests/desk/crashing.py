"""The desk as a process of its own that kills itself: `python -m tests.desk.crashing --die-at POINT`.

Configured by the environment, as the desk is. It says `ready` once it takes events in.
"""

import argparse
import asyncio
import os
import signal

from bot import app, logs
from bot.settings import read_config


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--die-at", required=True, help="a named point of the way")
    parser.add_argument("--time", type=int, default=1, help="which time it is reached")
    told = parser.parse_args()
    left = told.time

    def reached(point: str) -> None:
        nonlocal left
        if point == told.die_at:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    logs.to_stderr()
    asyncio.run(app.run(read_config(), ready=lambda: print("ready", flush=True), reached=reached))


if __name__ == "__main__":
    main()
