"""What reading a submission needs to know of the desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from contracts.commands import Place
from contracts.patch import Limits
from contracts.resolving import Mending
from contracts.settings import Settings


def _recounting(settings: Settings) -> frozenset[str]:
    rules = settings.domains.items()
    return frozenset(name for name, each in rules if each.resolve.recount is not Mending.NEVER)


@dataclass(frozen=True, slots=True)
class Context:
    """*names*: case-folded names and aliases, to domains. *here*: the domains of the place it was said in.

    *prefixes*: by domain, the checkouts on people's machines that absolute paths begin with. *trial*:
    nothing lands, and whatever a block calls its target means the one domain that is here.
    """

    names: Mapping[str, str]
    here: tuple[str, ...]
    prefixes: Mapping[str, tuple[str, ...]]
    limits: Limits
    trial: bool = False
    recounting: frozenset[str] = frozenset()  #: domains that take hunks as what they hold

    @classmethod
    def of(cls, settings: Settings, place: Place) -> Self:
        """For something that was said at *place*; on the command line every domain is here."""
        return cls(
            settings.domain_names(),
            settings.domains_of(place.channel),
            {name: domain.strip_prefixes for name, domain in settings.domains.items()},
            settings.limits.limits(),
            recounting=_recounting(settings),
        )

    @classmethod
    def of_trial(cls, settings: Settings, domain: str) -> Self:
        """For a patch that is only tried, as *domain*; it need not be configured."""
        configured = settings.domains.values()
        prefixes = tuple(prefix for each in configured for prefix in each.strip_prefixes)
        if domain in settings.domains:
            prefixes = settings.domains[domain].strip_prefixes
        return cls(
            {domain.casefold(): domain},
            (domain,),
            {domain: prefixes},
            settings.limits.limits(),
            trial=True,
            recounting=_recounting(settings),
        )

    @property
    def domains(self) -> tuple[str, ...]:
        """Every domain once, in the order in which they are configured."""
        return tuple(dict.fromkeys(self.names.values()))
