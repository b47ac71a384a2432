"""What every part of a settings file is made of."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    # Durations are seconds in the JSON Schema too, as they are in the file.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_timedelta="float")
