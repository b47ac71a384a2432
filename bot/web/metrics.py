"""`/metrics`: how the desk is, for Prometheus.

What the store knows is read from it at every scrape; how long patches and gates took is folded from the rows
that were written since the one before. What only this process knows is counted where it happens.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client import Counter as CounterMetric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from bot.overview import Overview
from bot.tallies import Counted, Tallies
from contracts.health import Health, ServiceState, Status
from contracts.ports import Engine
from contracts.records import StoredPatch
from contracts.states import PatchState

#: Rows that are read at a time.
_AT_ONCE: Final = 500
_MOST_ALERTS: Final = 1000
#: Seconds. Patches wait behind others and for people, gates build and test.
_BUCKETS: Final = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400, 86400)
#: Counted in this process: the name, what it says, and the names of its labels.
_COUNTED: Final[Mapping[Counted, tuple[str, str, tuple[str, ...]]]] = {
    Counted.BLOCKS: (
        "patchdesk_blocks",
        "Blocks that were found in messages, by what became of them",
        ("became",),
    ),
    Counted.DELIVERIES: ("patchdesk_deliveries", "Tries to deliver something", ("kind", "outcome")),
    Counted.LIMITED: ("patchdesk_slack_limited", "Calls that Slack answered with 429", ("method",)),
    Counted.REFUSED: ("patchdesk_http_refused", "Requests over HTTP that were refused", ("reason",)),
    Counted.ERRORS: ("patchdesk_errors", "Errors that were logged, by the part that did", ("part",)),
}


@dataclass(frozen=True, slots=True)
class Scraped:
    """What one scrape found in the store. *alerts* counts open groups by severity and state."""

    seen: Overview
    states: Mapping[PatchState, int]
    alerts: Mapping[tuple[str, str], int]


class Metrics:
    """Tasks after number *since* are folded; those before it were told by a process before this one."""

    def __init__(
        self,
        engine: Engine,
        look: Callable[[], Awaitable[Overview]],
        tallies: Tallies,
        *,
        since: int,
    ) -> None:
        self._engine = engine
        self._look = look
        self._folded = since
        self._scraping = asyncio.Lock()
        self._registry = CollectorRegistry()
        self._snapshot = _Snapshot(tallies)
        self._registry.register(self._snapshot)
        self._waited = self._histogram("patch_wait", "From a patch's arrival to its last start", "domain")
        self._ran = self._histogram("patch_run", "From a patch's last start to its end", "domain")
        self._gates = self._histogram("gate", "How long a gate ran", "domain", "gate")
        self._verdicts = CounterMetric(
            "patchdesk_gate_verdicts",
            "What gates said, of patches that came to their end",
            ("domain", "gate", "verdict"),
            registry=self._registry,
        )

    def _histogram(self, name: str, says: str, *labels: str) -> Histogram:
        return Histogram(f"patchdesk_{name}_seconds", says, labels, buckets=_BUCKETS, registry=self._registry)

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/metrics", self._answer),)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        encode, content_type = choose_encoder(request.headers.get(hdrs.ACCEPT, ""))
        # One at a time: a row is folded once.
        async with self._scraping:
            await self._fold()
            self._snapshot.scraped = await self._scrape()
            body = encode(self._registry)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    async def _scrape(self) -> Scraped:
        groups = await self._engine.alerts.open_groups(limit=_MOST_ALERTS)
        alerts = Counter((group.severity.value, group.state.value) for group in groups)
        return Scraped(await self._look(), await self._engine.ledger.states(), alerts)

    async def _fold(self) -> None:
        while ended := await self._engine.reports.ended(after=self._folded, limit=_AT_ONCE):
            for task in ended:
                self._observe(task.patch)
            self._folded = ended[-1].number

    def _observe(self, patch: StoredPatch) -> None:
        domain = patch.patch.domain
        if patch.started_at is not None and patch.finished_at is not None:
            waited, ran = patch.started_at - patch.accepted_at, patch.finished_at - patch.started_at
            self._waited.labels(domain).observe(max(0.0, waited.total_seconds()))
            self._ran.labels(domain).observe(max(0.0, ran.total_seconds()))
        for gate in patch.report.gates if patch.report else ():
            self._verdicts.labels(domain, gate.name, gate.verdict.name.lower()).inc()
            if gate.took is not None:
                self._gates.labels(domain, gate.name).observe(gate.took.total_seconds())


class _Snapshot(Collector):
    """Families whose values are those of the store and the process, and not of the client library."""

    def __init__(self, tallies: Tallies) -> None:
        self._tallies = tallies
        self.scraped: Scraped | None = None

    def collect(self) -> Iterator[Metric]:  # type: ignore[explicit-override]  # `override` is of Python 3.12
        for what, (name, says, labels) in _COUNTED.items():
            yield _counter(name, says, labels, self._tallies.of(what).items())
        if self.scraped is not None:
            yield from _of_patches(self.scraped)
            yield from _of_the_desk(self.scraped.seen)
            yield _gauge(
                "patchdesk_alerts",
                "Open groups of alerts",
                ("severity", "state"),
                self.scraped.alerts.items(),
            )


def _of_patches(scraped: Scraped) -> Iterator[Metric]:
    domains, counts, now = scraped.seen.domains, scraped.seen.counts, scraped.seen.at
    accepted = sum(scraped.states.values())
    yield _counter("patchdesk_patches_accepted", "Patches that entered a lane", (), [((), accepted)])
    ends = {
        (lane.domain, outcome): many
        for lane in domains
        for outcome, many in (
            ("landed", lane.landed),
            ("failed", lane.failed),
            ("quarantined", lane.quarantined),
        )
    }
    yield _counter(
        "patchdesk_patches_ended", "Patches that came to an end", ("domain", "outcome"), ends.items()
    )
    depth = {(lane.domain,): lane.waiting for lane in domains}
    yield _gauge("patchdesk_queue_depth", "Patches behind the head of their lane", ("domain",), depth.items())
    oldest = {
        (lane.domain,): (now - lane.oldest_accepted_at).total_seconds() if lane.oldest_accepted_at else 0.0
        for lane in domains
    }
    yield _gauge(
        "patchdesk_queue_oldest_seconds", "Age of the oldest open patch", ("domain",), oldest.items()
    )
    waits = {
        ("inbox",): counts.inbox,
        ("lanes",): counts.waiting,
        ("running",): counts.running,
        ("outbox",): counts.outbox,
    }
    yield _gauge(
        "patchdesk_waiting", "What is still to be done, by where it stands", ("place",), waits.items()
    )


def _of_the_desk(seen: Overview) -> Iterator[Metric]:
    yield _gauge("patchdesk_risk_rate", "Errors per 100 tasks, over the window", (), [((), seen.risk.rate)])
    # Left out, not 0, where nothing was measured.
    health = seen.health
    if health is None:
        return
    age = (seen.at - health.at).total_seconds()
    yield _gauge("patchdesk_health_age_seconds", "Since the desk last measured itself", (), [((), age)])
    if not seen.stale:
        yield from _of_health(health)


def _of_health(health: Health) -> Iterator[Metric]:
    status = {(each.value,): float(each is health.status) for each in Status}
    yield _gauge("patchdesk_health", "1 for how the desk is", ("status",), status.items())
    up = {(each.name,): float(each.state is ServiceState.UP) for each in health.services}
    yield _gauge(
        "patchdesk_component_up", "1 if the component gives signs of life", ("component",), up.items()
    )
    restarts = {(each.name,): each.restarts for each in health.services}
    yield _counter(
        "patchdesk_component_restarts", "How often it was started again", ("component",), restarts.items()
    )
    names = ("level", "domain", "component")
    measured = [
        ((level.name, level.domain or "", level.component or ""), level)
        for level in health.levels
        if level.measured is not None
    ]
    broken = {labels: float(level.broken_since is not None) for labels, level in measured}
    yield _gauge("patchdesk_level_broken", "1 if the service level does not hold", names, broken.items())
    values = {labels: level.measured for labels, level in measured if level.measured is not None}
    yield _gauge("patchdesk_level", "What was measured, in seconds, shares or counts", names, values.items())


def _counter(
    name: str, says: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, says, labels=labels)
    for label, value in values:
        family.add_metric(label, value)
    return family


def _gauge(
    name: str, says: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, says, labels=labels)
    for label, value in values:
        family.add_metric(label, value)
    return family


class _ErrorsCounted(logging.Handler):
    def __init__(self, tallies: Tallies) -> None:
        super().__init__(logging.ERROR)
        self._tallies = tallies

    def emit(self, record: logging.LogRecord) -> None:  # type: ignore[explicit-override]  # `override` is of Python 3.12
        self._tallies.count(Counted.ERRORS, record.name)


@contextmanager
def errors_counted(tallies: Tallies) -> Iterator[None]:
    """What any part of the process logs as an error counts while entered."""
    handler = _ErrorsCounted(tallies)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
