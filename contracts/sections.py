"""What every part of a settings file is made of."""

import re
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

#: What pydantic calls the shapes of Python, and what they are in the file.
_SHAPES: Final = ((r"a valid (?:tuple|frozenset|set)\b", "a list"), (r"a valid dictionary\b.*", "a mapping"))


class Section(BaseModel):
    # What pydantic makes of a section is made with the file that it is a part of, once.
    # Durations are seconds in the JSON Schema too, as they are in the file.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float", defer_build=True)


def problem(found: Mapping[str, Any]) -> str:
    """What is wrong, as pydantic found it, in the words of whoever writes the file."""
    said: str = found["msg"]
    for python, plain in _SHAPES:
        said = re.sub(python, plain, said)
    return said
