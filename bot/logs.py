"""The desk's own log, on standard error: one JSON object a line, or plain lines for a terminal.

Nothing that looks like a credential gets out, whoever logged it.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

from contracts.secrets import GONE, redact

#: In a log these are credentials however short they are: the tickets of Slack's websocket addresses, and
#: what stands in a header.
_IN_LOGS: Final = re.compile(r"(?:(?<=ticket=)|(?<=Bearer ))[\w%.-]+")
_PLAIN: Final = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")


def to_stderr(level: int = logging.INFO) -> None:
    """From now on the whole process logs to standard error, and nowhere else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(line)s"))
    handler.addFilter(_as_plain_line if sys.stderr.isatty() else _as_json_line)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def without_secrets(text: str) -> str:
    return _IN_LOGS.sub(GONE, redact(text))


def json_line(record: logging.LogRecord) -> str:
    """`at` (UTC), `level`, `from`, `said`; `trace` where something was raised."""
    line = {
        "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "from": record.name,
        "said": record.getMessage(),
    }
    if record.exc_info:
        line["trace"] = _PLAIN.formatException(record.exc_info)
    return without_secrets(json.dumps(line, ensure_ascii=False))


def _as_json_line(record: logging.LogRecord) -> bool:
    return _say(record, json_line(record))


def _as_plain_line(record: logging.LogRecord) -> bool:
    return _say(record, without_secrets(_PLAIN.format(record)))


def _say(record: logging.LogRecord, line: str) -> bool:
    """The line is the whole record: what else a formatter would print behind it has not been looked at."""
    record.line = line
    record.exc_info = record.exc_text = record.stack_info = None
    return True
