"""What is said of a set: its headline counts, its lines say how each stands, and Slack takes all of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import answers, sets
from bot.delivery.wording.ink import PLAIN
from bot.delivery.wording.sets import headline, lines
from contracts.commands import Place
from contracts.control import Hold
from contracts.faults import Reason, Rejection, fault
from contracts.notices import Twin
from contracts.outcome import Report
from contracts.outlook import Outlook
from contracts.patch import Together
from contracts.records import PatchSet, StoredPatch
from contracts.states import OPEN_STATES, PatchState
from tests.delivery.rows import CHANNEL, FAILED, HOSTILE, LANDED, OUTLOOKS, ROWS, RUNNING, WAITING, at
from tests.delivery.test_render_limits import check, texts, thorough, whole

ALONG = fault(Reason.SET_BROKEN, id="a1", domain="web", state="failed")
IN_PART = fault(Reason.SET_IN_PART, domains="api")
PREPARED = replace(RUNNING, state=PatchState.PREPARED)
TAKEN_BACK = replace(WAITING, state=PatchState.CANCELLED, report=Report("", fault=ALONG))
STOPPED = replace(FAILED, state=PatchState.STOPPED)


def gathered(*rows: StoredPatch, missing: tuple[str, ...] = (), atomic: bool = False) -> PatchSet:
    """The domains are called web, api, docs."""
    names = ("web", "api", "docs")[: len(rows)]
    domains = (*names, *missing)
    members = tuple(
        replace(
            row,
            id=f"{domain}0000",
            inbox_id=row.inbox_id,
            set_id="s7",
            patch=replace(row.patch, domain=domain, together=Together(domains, atomic)),
        )
        for domain, row in zip(names, rows, strict=True)
    )
    return PatchSet("s7", 1, atomic, domains, members, Place(CHANNEL, None, "1.1"))


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (gathered(LANDED, LANDED), "All 2 landed."),
        (gathered(LANDED, RUNNING, WAITING), "1 of 3 landed: 1 running, 1 waiting."),
        (gathered(RUNNING, FAILED), "0 of 2 landed: 1 running, 1 not landed."),
        (gathered(PREPARED, RUNNING), "0 of 2 landed: 1 running, 1 ready."),
        (gathered(WAITING, missing=("docs",)), "0 of 2 landed: 1 waiting, 1 not queued."),
        (gathered(LANDED, LANDED, FAILED), "2 of 3 landed: docs did not pass its gates."),
        (gathered(FAILED, TAKEN_BACK), "Nothing landed: web did not pass its gates."),
        (gathered(STOPPED, FAILED), "Nothing landed: web was stopped and api did not pass its gates."),
        (gathered(LANDED, missing=("docs",)), "1 of 2 landed: docs was not queued."),
    ],
)
def test_the_headline_counts_and_names_whose_fault_it_was(found: PatchSet, says: str) -> None:
    assert headline(found, PLAIN) == says


def test_each_domain_has_its_line_in_the_order_that_was_asked() -> None:
    held = replace(WAITING, hold=Hold("Ben", "", at(1)))
    before = replace(PREPARED, inbox_id=9)
    web, api, docs, shop = lines(gathered(LANDED, held, before, missing=("shop",)), PLAIN, links={})
    assert web.startswith("web · landed as `fedcba9876`")
    assert "api · on hold by Ben" in api
    assert "docs · ready, waits for the others" in docs
    assert docs.endswith("was there before")
    assert shop == "shop · not queued"


def test_what_did_not_land_says_why() -> None:
    [line, _] = lines(gathered(FAILED, LANDED), PLAIN, links={})
    assert line.startswith("web · not landed: ")
    assert "tests" in line


def test_a_member_is_linked_to_its_card() -> None:
    card = sets.card(gathered(LANDED, RUNNING), links={"web0000": "https://slack/p1", "api0000": None})
    [listed] = [text for text in texts(card.blocks) if "• *web*" in text]
    assert "<https://slack/p1|patch `web0000`>" in listed


def test_all_of_it_can_be_stopped_as_long_as_any_is_open() -> None:
    [button] = [
        each for each in sets.card(gathered(LANDED, RUNNING), links={}).blocks if each["type"] == "actions"
    ]
    assert [(each["action_id"], each["value"]) for each in button["elements"]] == [(sets.STOP_ALL, "s7")]
    assert not [
        each for each in sets.card(gathered(LANDED, FAILED), links={}).blocks if each["type"] == "actions"
    ]


def test_an_atomic_set_says_so() -> None:
    assert "lands in all of them or in none" in whole(
        sets.card(gathered(RUNNING, WAITING, atomic=True), links={})
    )
    assert "lands in all" not in whole(sets.card(gathered(RUNNING, WAITING), links={}))


def test_a_part_of_a_set_that_is_there_already_is_named_by_its_domain() -> None:
    told = answers.twin(Twin("k3v9x2ab", 2, of_set=True), RUNNING, link=None)
    assert told.text == (
        "Block 2 is, for web, the same change as patch `k3v9x2ab`, which is running. It was not queued again."
    )


def test_a_block_that_was_taken_in_part_is_not_said_to_be_refused() -> None:
    in_part = Rejection(1, (fault(Reason.DOMAIN_DRAINING, domain="web", by="Ben", why=""), IN_PART))
    assert whole(answers.rejections([in_part])).startswith("Not all of this could be queued.")
    assert "Its part for `api` was queued all the same." in whole(answers.rejections([in_part]))
    other = Rejection(2, (fault(Reason.NO_MUTATIONS),))
    assert "or not all of them" in whole(answers.rejections([in_part, other]))
    assert "Nothing of it" in whole(answers.rejections([other]))


@thorough
@given(
    rows=st.lists(ROWS, min_size=1, max_size=12),
    names=st.lists(HOSTILE, max_size=12),
    atomic=st.booleans(),
    outlook=OUTLOOKS,
)
def test_slack_takes_every_set(
    rows: list[StoredPatch], names: list[str], atomic: bool, outlook: Outlook
) -> None:
    members = tuple(replace(row, id=f"p{number}", inbox_id=1) for number, row in enumerate(rows))
    domains = tuple(dict.fromkeys([*(row.patch.domain for row in rows), *names]))
    found = PatchSet("s7", 1, atomic, domains, members, Place(CHANNEL))
    links = {"p0": "https://x.slack.com/p1"}
    for said in (
        sets.card(found, links=links),
        sets.summary(found, links=links),
        sets.show(found, links=links),
    ):
        check(said)
    check(sets.why(found, {row.id: outlook for row in members}, now=at(5)))
    assert bool(found.open) == any(row.state in OPEN_STATES for row in rows)
