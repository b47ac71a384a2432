"""Faults as data, and what somebody probably meant."""

import pytest

from contracts.faults import Fault, Reason, fault, nearest


def test_the_facts_of_a_fault_are_text() -> None:
    made = fault(Reason.TOO_DEEP, line=2, column=3, file="x", most=32)
    assert made == Fault(Reason.TOO_DEEP, {"most": "32"}, "x", 2, 3)


def test_reasons_have_names_of_their_own() -> None:
    assert len({str(reason) for reason in Reason}) == len(Reason)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("mutation", "mutations"),
        ("Taget", "target"),
        ("PATH", "path"),
        ("xyz", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_the_nearest_name_is_found_whatever_its_case(word: str, meant: str) -> None:
    assert nearest(word, ["mutations", "target", "path"]) == meant


def test_names_are_given_as_they_are_spelled() -> None:
    assert nearest("insertafter", ["insertAfter", "insertBefore"]) == "insertAfter"


def test_how_near_is_near_enough_can_be_said() -> None:
    assert nearest("wbe", ["web"]) == ""
    assert nearest("wbe", ["web"], cutoff=0.6) == "web"
    assert nearest("batch", ["patch"], cutoff=0.9) == ""
