"""Views keep their id for life, as in Slack; the peer gives a view a new id at each update."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]

_IDS = ("id", "root_view_id", "previous_view_id")


@dataclass(slots=True)
class ViewIds:
    """Translates between the id that the desk was told first and the peer's id of today."""

    _told: dict[str, str] = field(default_factory=dict)  #: the peer's id → what the desk knows
    _peers: dict[str, str] = field(default_factory=dict)  #: what the desk knows → the peer's id
    _hash: dict[str, str] = field(default_factory=dict)  #: of what the desk knows

    def outward(self, view: Mapping[str, Any]) -> JsonObject:
        """A view of the peer with the ids that the desk knows; a view never seen is learnt."""
        peers = view["id"]
        told = self._told.setdefault(peers, peers)
        self._peers.setdefault(told, peers)
        self._hash[told] = view.get("hash", "")
        ids = {name: self._told.get(view[name], view[name]) for name in _IDS if view.get(name)}
        return {**view, **ids}

    def updated(self, told: str, view: Mapping[str, Any]) -> JsonObject:
        """The peer's answer to an update of the view that the desk knows as *told*."""
        self._told[view["id"]] = told
        self._peers[told] = view["id"]
        return self.outward(view)

    def peers(self, told: str) -> str | None:
        """None: there was no such view."""
        return self._peers.get(told)

    def is_stale(self, told: str, seen_hash: str | None) -> bool:
        """The view changed since the desk saw it."""
        return seen_hash is not None and self._hash.get(told) != seen_hash
