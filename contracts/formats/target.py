"""Which domains a block is for."""

from collections.abc import Iterable, Iterator
from typing import Final

from contracts.faults import Fault, Reason, fault, nearest
from contracts.formats.context import Context
from contracts.formats.document import Entry, Items, Mark, Text
from contracts.formats.findings import Findings

#: Means the two domains there are, unless a domain is called so.
BOTH: Final = "both"
_SHOWN: Final = 80
#: Names of domains are short: one letter of three may be wrong.
_NEARLY: Final = 0.6


def default_domain(chosen: str | None, context: Context) -> str | Fault:
    """The domain of a block that names none: the one *chosen* beside it, else the only one here."""
    if chosen is not None:
        return context.names.get(chosen.casefold()) or _unknown(chosen, context)
    if len(context.here) == 1:
        return context.here[0]
    return fault(Reason.MISSING_TARGET, domains=_listed(context))


def resolve(
    entries: Iterable[Entry], chosen: str | None, at: Mark, context: Context, findings: Findings
) -> tuple[str, ...]:
    """The domains that *entries*, the target fields of a block at *at*, agree on. Empty: see *findings*.

    *chosen*, in a dialog or on the command line, has to agree as well: a block that names another domain
    is not for that one, whoever hands it in.
    """
    named = [(entry, _named(entry, context, findings)) for entry in entries]
    default = default_domain(chosen, context)
    if chosen is None and named:
        agreed, said = named[0][1], _shown(named[0][0])
    elif isinstance(default, str):
        agreed, said = (default,), f"domain: {default}"
    else:
        findings.blame(default.reason, at, **default.args)
        return ()
    for entry, domains in named:
        if agreed and domains and domains != agreed:
            findings.blame(Reason.CONFLICTING_FIELDS, entry.at, first=said, second=_shown(entry))
    return agreed


def _named(entry: Entry, context: Context, findings: Findings) -> tuple[str, ...]:
    domains: list[str] = []
    for name, at in _names(entry, findings):
        folded = name.casefold()
        if context.trial:
            domains += context.here
        elif folded in context.names:
            domains.append(context.names[folded])
        elif folded == BOTH:
            pair = next((each for each in (context.here, context.domains) if len(each) == 2), ())
            domains += pair
            if not pair:
                findings.blame(Reason.TARGET_BOTH, at, domains=_listed(context))
        else:
            unknown = _unknown(name, context)
            findings.blame(unknown.reason, at, **unknown.args)
    return tuple(dict.fromkeys(domains))


def _names(entry: Entry, findings: Findings) -> Iterator[tuple[str, Mark]]:
    value = entry.value
    nodes = value.items if isinstance(value, Items) else (value,)
    if not nodes:
        findings.wrong(entry.key, value, "a domain or a list of at least one")
    for node in nodes:
        if (name := findings.name(entry.key, node)) is not None:
            yield name.strip(), node.at


def _unknown(name: str, context: Context) -> Fault:
    return fault(
        Reason.UNKNOWN_TARGET,
        target=name[:_SHOWN],
        domains=_listed(context),
        suggestion=nearest(name[:_SHOWN], context.names, cutoff=_NEARLY),
    )


def _listed(context: Context) -> str:
    return ", ".join(context.here or context.domains)


def _shown(entry: Entry) -> str:
    value = entry.value
    return f"{entry.key}: {value.value}"[:_SHOWN] if isinstance(value, Text) else entry.key
