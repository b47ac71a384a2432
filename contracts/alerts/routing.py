"""Where an alert belongs: the tree of routes, and the group on each route that takes it."""

import json
from collections.abc import Iterator

from contracts.alerts.matching import matches
from contracts.alerts.model import Labels, Placement
from contracts.alerts.settings import EVERY_LABEL, ROOT_PATH, AlertSettings, Route


def placements(settings: AlertSettings, labels: Labels) -> tuple[Placement, ...]:
    """The groups that an alert of *labels* belongs to: at least one, in the order of the routes.

    The deepest matching route of each branch takes it, the outermost one what no other takes. Elder siblings
    go first, and only a route that says `continue` lets its younger ones have it, too.
    """
    return tuple(_placement(route, labels) for route in _takers(settings.routes[ROOT_PATH], labels))


def route_at(settings: AlertSettings, path: str) -> Route:
    """The route of *path* with all it inherits; the outermost one if the file has it no more."""
    return settings.routes.get(path, settings.routes[ROOT_PATH])


def _takers(route: Route, labels: Labels) -> Iterator[Route]:
    taken = False
    for child in route.routes:
        if matches(child.matchers, labels):
            taken = True
            yield from _takers(child, labels)
            if not child.goes_on:
                break
    if not taken:
        yield route


def _placement(route: Route, labels: Labels) -> Placement:
    """A grouping label that the alert lacks is left out: that is the same as an empty one."""
    names = sorted(labels) if EVERY_LABEL in route.group_by else sorted(set(route.group_by))
    grouped = {name: labels[name] for name in names if labels.get(name)}
    spelled = json.dumps(grouped, ensure_ascii=False, separators=(",", ":"))
    return Placement(f"{route.path}:{spelled}", route.path, grouped)
