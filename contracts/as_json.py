"""Values of a type as JSON text: what the store keeps, and what hashes are taken of."""

from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter

T = TypeVar("T")


class AsJson(Generic[T]):
    """What pydantic makes of a type is made when it is first needed.

    A process reads and writes few of the types that it has imported, and to make all of them ready costs
    more than the whole of a short command.
    """

    def __init__(self, type_: Any) -> None:
        self._type = type_

    @cached_property
    def adapter(self) -> TypeAdapter[T]:
        return TypeAdapter(self._type)

    def dump(self, value: T, *, exclude_defaults: bool = False) -> str:
        return self.adapter.serializer.to_json(value, exclude_defaults=exclude_defaults).decode()

    def load(self, stored: str) -> T:
        """Raises pydantic.ValidationError."""
        loaded: T = self.adapter.validator.validate_json(stored)
        return loaded
