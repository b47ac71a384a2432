"""Where alerts go: the tree of routes, and the groups on each."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.alerts.model import Placement
from contracts.alerts.routing import placements, route_at
from contracts.alerts.settings import AlertSettings


def tree(**route: Any) -> AlertSettings:
    return AlertSettings.model_validate({"route": route, "chains": {"page": [{"channel": "own"}]}})


def routes(settings: AlertSettings, **labels: str) -> list[str]:
    return [each.route for each in placements(settings, labels)]


WEB = {"match": ["domain=web"]}
BAD = {"match": ["severity=critical"]}


def test_what_no_route_takes_stays_with_the_outermost() -> None:
    assert routes(tree(), a="b") == ["{}"]
    assert routes(tree(routes=[WEB]), domain="shop") == ["{}"]


def test_the_deepest_route_takes_it_and_the_first_of_siblings() -> None:
    settings = tree(routes=[WEB | {"routes": [BAD]}, BAD])
    assert routes(settings, domain="web") == ["{}/{domain=web}"]
    assert routes(settings, domain="web", severity="critical") == ["{}/{domain=web}/{severity=critical}"]
    assert routes(settings, severity="critical") == ["{}/{severity=critical}"]


def test_only_a_route_that_says_continue_lets_its_younger_siblings_have_it() -> None:
    settings = tree(routes=[WEB | {"continue": True}, BAD, {"match": ["a=b"]}])
    labels = {"domain": "web", "severity": "critical", "a": "b"}
    assert routes(settings, **labels) == ["{}/{domain=web}", "{}/{severity=critical}"]


def test_equal_siblings_are_two_routes() -> None:
    settings = tree(routes=[WEB | {"continue": True}, WEB | {"continue": True}, WEB])
    found = placements(settings, {"domain": "web"})
    assert [each.route for each in found] == ["{}/{domain=web}", "{}/{domain=web}#2", "{}/{domain=web}#3"]
    assert len({each.key for each in found}) == 3


def test_what_a_route_leaves_out_is_as_in_the_one_above() -> None:
    settings = tree(
        group_by=["a"],
        group_wait=1,
        channel="C0ONE",
        chain="page",
        routes=[WEB | {"group_wait": 2, "routes": [BAD | {"chain": "none", "channel": "C0TWO"}]}],
    )
    web = route_at(settings, "{}/{domain=web}")
    bad = route_at(settings, "{}/{domain=web}/{severity=critical}")
    assert (web.group_by, web.group_wait.seconds, web.channel, web.chain) == (("a",), 2, "C0ONE", "page")
    assert (bad.group_by, bad.group_wait.seconds, bad.channel, bad.chain) == (("a",), 2, "C0TWO", None)


def test_a_route_that_the_file_has_no_more_is_the_outermost() -> None:
    assert route_at(tree(), "{}/{gone=1}").path == "{}"


def test_a_group_is_made_of_the_route_and_its_grouping_labels() -> None:
    settings = tree(group_by=["b", "a"])
    labels = {"a": "1", "b": "2", "c": "3"}
    assert placements(settings, labels) == (Placement('{}:{"a":"1","b":"2"}', "{}", {"a": "1", "b": "2"}),)
    assert placements(settings, labels | {"c": "4"}) == placements(settings, labels)
    assert placements(settings, labels | {"a": "4"}) != placements(settings, labels)


def test_a_missing_grouping_label_is_as_an_empty_one() -> None:
    settings = tree(group_by=["a", "b"])
    assert placements(settings, {"a": "1"}) == placements(settings, {"a": "1", "b": ""})


def test_every_alert_is_a_group_where_all_labels_group() -> None:
    settings = tree(group_by=["..."])
    [first], [second] = placements(settings, {"a": "1", "b": "2"}), placements(settings, {"a": "1", "b": "3"})
    assert first.key != second.key
    assert first.labels == {"a": "1", "b": "2"}


_LABELS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["", "1", "2", '"', ","]))
_MATCHERS = st.sampled_from(['a="1"', 'a!="1"', 'b=~"1|2"', 'c!~"1"', 'd="2"'])
_ROUTES = st.recursive(
    st.fixed_dictionaries({"match": st.lists(_MATCHERS, min_size=1, max_size=2), "continue": st.booleans()}),
    lambda inner: st.fixed_dictionaries(
        {
            "match": st.lists(_MATCHERS, min_size=1, max_size=2),
            "continue": st.booleans(),
            "group_by": st.lists(st.sampled_from("abcd"), max_size=2),
            "routes": st.lists(inner, max_size=3),
        }
    ),
    max_leaves=8,
)


@given(st.lists(_ROUTES, max_size=4), _LABELS)
def test_grouping_never_loses_an_alert(children: list[dict[str, Any]], labels: dict[str, str]) -> None:
    settings = tree(group_by=["a", "b"], routes=children)
    found = placements(settings, labels)
    assert found
    assert len({each.key for each in found}) == len(found)
    for each in found:
        route = route_at(settings, each.route)
        assert route.path == each.route
        assert each.labels == {name: labels[name] for name in route.group_by if labels.get(name)}


@given(st.lists(_ROUTES, max_size=3), _LABELS, _LABELS)
def test_two_alerts_share_a_group_only_if_their_grouping_labels_are_equal(
    children: list[dict[str, Any]], one: dict[str, str], other: dict[str, str]
) -> None:
    settings = tree(group_by=["a"], routes=children)
    first = {each.key: each for each in placements(settings, one)}
    for each in placements(settings, other):
        if each.key in first:
            assert (each.route, each.labels) == (first[each.key].route, first[each.key].labels)
