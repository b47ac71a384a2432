"""Which patches of a message may enter, and after which others."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.admitting import Admitted, admit
from contracts.control import Closed, Closing
from contracts.faults import Fault, Reason
from contracts.patch import Together
from contracts.ports import NewPatch
from contracts.records import PatchLine, Standing
from contracts.states import PatchState
from tests.engine.given import asked

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def new(id_: str, *needs: str, label: str | None = None, block: int = 1, domain: str = "web") -> NewPatch:
    made = asked(id_, domain=domain)
    return replace(made, patch=replace(made.patch, depends_on=needs, label=label or id_, block=block))


def line(id_: str, state: PatchState) -> PatchLine:
    return PatchLine(id_, "web", "", "Ann", state, NOW, None, None)


def entered(found: Admitted) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.id, each.needs) for each in found.patches]


def why(found: Admitted) -> list[tuple[int, list[Fault]]]:
    return [(each.block, list(each.faults)) for each in found.refused]


def test_what_is_needed_of_the_same_message_enters_before_what_needs_it() -> None:
    found = admit([new("web", "api"), new("api"), new("doc")], (), {"api": ()})
    assert entered(found) == [("api", ()), ("web", ("api",)), ("doc", ())]


def test_a_label_for_two_domains_means_both() -> None:
    both = [new("w", label="fix"), new("a", label="fix", domain="api")]
    found = admit([*both, new("c", "fix", domain="docs")], (), {"fix": ()})
    assert entered(found)[-1] == ("c", ("w", "a"))


def test_known_patches_are_needed_by_id_or_label_and_wait_or_have_landed() -> None:
    known = {"fix-1": [line("k3v9x2ab", PatchState.RUNNING)], "old": [line("done0001", PatchState.LANDED)]}
    [entry] = admit([new("a", "fix-1", "old")], (), known).patches
    assert entry.needs == ("k3v9x2ab", "done0001")


def test_what_there_is_not_is_refused_with_what_was_probably_meant() -> None:
    found = admit([new("a", "fix-web"), new("fix-wbe", block=2)], (), {"fix-web": ()})
    [(block, [wrong])] = why(found)
    assert (block, wrong.reason, wrong.args["suggestion"]) == (1, Reason.UNKNOWN_DEPENDENCY, "fix-wbe")
    assert entered(found) == [("fix-wbe", ())]


def test_what_will_never_land_cannot_be_waited_for() -> None:
    [(_, [wrong])] = why(admit([new("a", "x")], (), {"x": [line("x", PatchState.FAILED)]}))
    assert wrong.reason is Reason.DEPENDENCY_OVER


def test_a_circle_is_refused_with_the_circle_and_takes_along_who_needs_it() -> None:
    patches = [new("a", "b", block=1), new("b", "c", block=2), new("c", "a", block=3), new("d", "a", block=4)]
    found = admit([*patches, new("e", block=5)], (), dict.fromkeys("abc", ()))
    assert entered(found) == [("e", ())]
    circle, *_, last = why(found)
    assert circle[1][0].reason is Reason.DEPENDENCY_CYCLE
    assert circle[1][0].args["cycle"] in {
        "a needs b needs c needs a",
        "b needs c needs a needs b",
        "c needs a needs b needs c",
    }
    assert last[1][0].reason is Reason.UNKNOWN_DEPENDENCY


def test_who_needs_itself_is_a_circle_of_one() -> None:
    [(_, [wrong])] = why(admit([new("a", "a")], (), {"a": ()}))
    assert wrong.args["cycle"] == "a needs a"


def test_a_draining_domain_takes_nothing_new_and_others_do() -> None:
    closed = [
        Closed("web", Closing.DRAINING, "Ben", "moving", NOW),
        Closed("api", Closing.PAUSED, "Ben", "", NOW),
    ]
    found = admit([new("a"), new("b", domain="api", block=2)], closed, {})
    assert entered(found) == [("b", ())]
    [(_, [wrong])] = why(found)
    assert (wrong.reason, wrong.args["by"]) == (Reason.DOMAIN_DRAINING, "Ben")


# Sets --------------------------------------------------------------------------------------------
DRAINING = (Closed("api", Closing.DRAINING, "Ben", "moving", NOW),)


def together(
    *domains: str, atomic: bool = False, of: str = "s", block: int = 1, text: str = "same"
) -> list[NewPatch]:
    members = []
    for domain in domains:
        made = asked(f"{of}-{domain}", text, domain=domain)
        patch = replace(made.patch, together=Together(domains, atomic), block=block)
        members.append(replace(made, patch=patch, set_id=of))
    return members


def reasons(found: Admitted) -> list[tuple[int, list[Reason]]]:
    return [(block, [each.reason for each in faults]) for block, faults in why(found)]


def test_of_a_set_the_others_enter_where_one_domain_takes_nothing_and_the_answer_says_both() -> None:
    found = admit(together("web", "api", "docs"), DRAINING, {})
    assert entered(found) == [("s-web", ()), ("s-docs", ())]
    assert reasons(found) == [(1, [Reason.DOMAIN_DRAINING, Reason.SET_IN_PART])]
    assert why(found)[0][1][1].args["domains"] == "web, docs"


def test_of_an_atomic_set_nothing_enters_where_one_domain_takes_nothing() -> None:
    found = admit([*together("web", "api", atomic=True), new("a", block=2)], DRAINING, {})
    assert entered(found) == [("a", ())]
    assert sorted(reasons(found)[0][1]) == [Reason.DOMAIN_DRAINING, Reason.SET_KEPT_WHOLE]


def test_who_needs_a_set_that_does_not_enter_does_not_either() -> None:
    members = [
        replace(each, patch=replace(each.patch, label="fix")) for each in together("web", "api", atomic=True)
    ]
    found = admit([*members, new("a", "fix", block=2)], DRAINING, {"fix": ()})
    assert entered(found) == []
    assert reasons(found)[1] == (2, [Reason.UNKNOWN_DEPENDENCY])


def test_content_that_is_open_keeps_an_atomic_set_out_and_is_named() -> None:
    found = admit(together("web", "api", atomic=True), (), {}, {"s-api": Standing("k3v9x2ab", brought=False)})
    assert entered(found) == []
    twin = next(each for _, faults in why(found) for each in faults if each.reason is Reason.SET_TWIN)
    assert twin.args == {"domain": "api", "id": "k3v9x2ab"}


def test_an_atomic_set_that_an_edited_message_brought_whole_is_left_to_be_passed_over() -> None:
    brought = {"s-web": Standing("p-1", brought=True), "s-api": Standing(None, brought=True)}
    assert len(entered(admit(together("web", "api", atomic=True), (), {}, brought))) == 2
    part = admit(together("web", "api", "docs", atomic=True), (), {}, brought)
    assert entered(part) == []
    assert {Reason.SET_TWIN, Reason.SET_BROUGHT} <= set(reasons(part)[0][1])


def test_an_atomic_set_does_not_repeat_an_earlier_block_and_others_may() -> None:
    first = asked("first", "same", domain="api")
    found = admit([first, *together("web", "api", atomic=True, block=2)], (), {})
    assert entered(found) == [("first", ())]
    assert Reason.SET_REPEATS in reasons(found)[0][1]
    assert len(entered(admit([first, *together("web", "api", block=2)], (), {}))) == 3


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_whatever_enters_stands_behind_all_that_it_needs(edges: list[tuple[int, int]]) -> None:
    needs: dict[int, list[str]] = {}
    for one, other in edges:
        needs.setdefault(one, []).append(str(other))
    found = admit([new(str(n), *needs.get(n, ())) for n in range(8)], (), {str(n): () for n in range(8)})
    places = {each.id: place for place, each in enumerate(found.patches)}
    assert all(places[need] < places[each.id] for each in found.patches for need in each.needs)
