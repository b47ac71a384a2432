"""`patchdesk`, and `python -m bot`."""

import sys
import traceback

from bot.cli.commands import run
from bot.cli.exits import ExitCode


def main() -> None:
    try:
        run()
    except Exception:  # noqa: BLE001 - Python itself would leave with 1, and 1 means: the answer is no
        traceback.print_exc()
        sys.exit(ExitCode.DESK)


if __name__ == "__main__":
    main()
