"""The adjusted form of a patch, which the desk made itself, as a changeset: read as if it were posted."""

from contracts.faults import Fault
from contracts.formats.diff import normalise, read_diff
from contracts.patch import Changeset, Limits, build_changeset


def changeset_of(diff: bytes, limits: Limits) -> Changeset | Fault:
    """What *diff*, of an `outcome.Offer`, asks for; or the first reason why nobody could post it."""
    found = normalise(read_diff(diff, limits), ())
    return found[0] if isinstance(found, tuple) else build_changeset((found,), limits)
