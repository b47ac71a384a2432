"""What every part of a settings file is made of."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    # What pydantic makes of a section is made with the file that it is a part of, once.
    # Durations are seconds in the JSON Schema too, as they are in the file.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float", defer_build=True)
