"""What decides about alerts: their settings, and what the desk's own settings fill in."""

from dataclasses import dataclass

from contracts.alerts.model import DOMAIN, Group
from contracts.alerts.settings import ROOT_PATH, AlertSettings
from contracts.settings import Settings


@dataclass(frozen=True, slots=True)
class Rules:
    alerts: AlertSettings
    desk: Settings

    def channel(self, named: str, group: Group) -> str | None:
        """The channel that a route or step calls *named*; None: there is none to speak in."""
        if named == "own":
            return self.home(group)
        if named == "operators":
            return self.desk.slack.operators
        if named == "domain":
            domain = self.desk.domains.get(group.labels.get(DOMAIN, ""))
            return next(iter(domain.channels if domain else ()), self.desk.slack.operators)
        return named

    def home(self, group: Group) -> str | None:
        """Where the group's card is, or will be."""
        if group.card is not None and group.card.channel is not None:
            return group.card.channel
        routes = self.alerts.routes
        return self.channel(routes.get(group.route, routes[ROOT_PATH]).channel, group)
