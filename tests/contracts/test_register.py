"""Risks: how bad they would be, and when to look at them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.register import REVIEW_EVERY, Degree, Risk, RiskState, by_score, due_for_review

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RISK = Risk("r-1", "Rain", Degree.MEDIUM, Degree.MEDIUM)


@pytest.mark.parametrize(
    ("probability", "impact", "score", "degree"),
    [
        (Degree.LOW, Degree.LOW, 1, Degree.LOW),
        (Degree.LOW, Degree.MEDIUM, 2, Degree.LOW),
        (Degree.LOW, Degree.HIGH, 3, Degree.MEDIUM),
        (Degree.MEDIUM, Degree.MEDIUM, 4, Degree.MEDIUM),
        (Degree.MEDIUM, Degree.HIGH, 6, Degree.HIGH),
        (Degree.HIGH, Degree.HIGH, 9, Degree.HIGH),
    ],
)
def test_the_score_is_probability_times_impact(
    probability: Degree, impact: Degree, score: int, degree: Degree
) -> None:
    for risk in (
        replace(RISK, probability=probability, impact=impact),
        replace(RISK, probability=impact, impact=probability),
    ):
        assert (risk.score, risk.degree) == (score, degree)


def test_the_worst_comes_first_and_what_is_over_last() -> None:
    worse = replace(RISK, id="r-2", impact=Degree.HIGH)
    over = replace(RISK, id="r-0", impact=Degree.HIGH, probability=Degree.HIGH, state=RiskState.CLOSED)
    assert by_score([over, RISK, worse]) == (worse, RISK, over)


def test_what_may_still_happen_is_looked_at_every_week() -> None:
    fresh = replace(RISK, reviewed_at=NOW - REVIEW_EVERY + timedelta(seconds=1))
    stale = replace(RISK, reviewed_at=NOW - REVIEW_EVERY, state=RiskState.ACCEPTED)
    over = replace(RISK, state=RiskState.HAPPENED)
    assert due_for_review([fresh, stale, over, RISK], NOW) == (stale, RISK)
