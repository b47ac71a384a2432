"""Plans as hypothesis draws them: everything that a plan can hold, and nothing that it cannot."""

from decimal import Decimal

from hypothesis import strategies as st

from contracts.plan import WEIGHTS, Batch, Key, Metric, Plan, Status

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
_NAMES = _TEXT.filter(str.strip)
_LINES = _NAMES.filter(lambda text: len(text.splitlines()) == 1)
_IDS = st.text("abcdefgXYZ0189_.:/-", min_size=1, max_size=8)
_PERCENTS = st.decimals(0, 100, places=4)
_TARGETS = st.one_of(
    st.just(""),
    st.dates().map(str),
    st.integers(1, 999).map(lambda week: f"Week {week}"),
    st.tuples(st.integers(1, 9), st.integers(1, 99)).map(lambda weeks: f"Week {weeks[0]}\u2013{weeks[1]}"),
)
_COUNTS = st.integers(0, 10**9).map(Decimal)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    optional = [key for key in Key if key not in {Key.ID, Key.NAME, Key.STATUS}]
    keys = draw(st.permutations([Key.ID, Key.NAME, Key.STATUS, *draw(st.sets(st.sampled_from(optional)))]))
    return Batch(
        draw(_IDS),
        draw(_NAMES),
        draw(st.sampled_from(Status)),
        draw(st.none() | st.sampled_from(sorted(WEIGHTS))),
        draw(st.none() | _PERCENTS),
        draw(st.none() | st.integers(1, 100_000).map(Decimal)),
        draw(st.none() | _TARGETS),
        tuple(draw(st.lists(_LINES, max_size=4))),
        draw(st.none() | _TEXT),
        draw(st.none() | _TEXT),
        keys=tuple(keys),
    )


def _metrics() -> st.SearchStrategy[tuple[tuple[Metric, Decimal | None], ...]]:
    values = {
        Metric.PRS_MERGED: _COUNTS,
        Metric.CI_PASS_RATE: _PERCENTS,
        Metric.COVERAGE: _PERCENTS,
        Metric.PRODUCTION_INCIDENTS: _COUNTS,
        Metric.DEPLOYMENT_MINUTES: st.decimals(0, 10**9, places=4),
    }
    pairs = st.sampled_from(Metric).flatmap(lambda m: st.tuples(st.just(m), st.none() | values[m]))
    return st.lists(pairs, unique_by=lambda pair: pair[0]).map(tuple)


BATCHES = batches()
PLANS = st.builds(
    lambda found, metrics, first: Plan(tuple(found), metrics, first and metrics is not None),
    st.lists(BATCHES, max_size=6, unique_by=lambda batch: batch.id),
    st.none() | _metrics(),
    st.booleans(),
)
