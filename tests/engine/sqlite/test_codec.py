from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import Actor
from contracts.notices import Notice
from contracts.outcome import Report
from contracts.patch import Patch
from executor.engine.sqlite import codec

#: JSON has no lone surrogates; what the desk takes in is UTF-8.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
st.register_type_strategy(str, texts)
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(timedelta, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9)))
st.register_type_strategy(Mapping, st.dictionaries(texts, texts, max_size=3))


@given(st.from_type(Patch))
def test_a_patch_comes_back_as_it_was(patch: Patch) -> None:
    assert codec.patch_from_json(codec.patch_to_json(patch)) == patch


@given(st.from_type(Actor))
def test_an_actor_comes_back_as_it_was(actor: Actor) -> None:
    assert codec._ACTOR.load(codec.actor_to_json(actor)) == actor


@given(st.from_type(Report))
def test_a_report_comes_back_as_it_was(report: Report) -> None:
    assert codec.report_from_json(codec.report_to_json(report)) == report


@given(st.one_of(*(st.from_type(kind) for kind in get_args(Notice))))
def test_a_notice_comes_back_as_it_was(notice: Notice) -> None:
    assert codec.notice_from_json(codec.notice_to_json(notice)) == notice


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])))
def test_a_time_comes_back_to_the_microsecond(moment: datetime) -> None:
    assert codec.from_time(codec.to_time(moment)) == moment


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.to_time(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the point
