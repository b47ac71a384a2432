"""The section `alerts`: what is refused, and with which words."""

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.alerts.settings import AlertSettings

OWN = {"channel": "own"}
BEA = {"bea": {"slack": "U0BEA"}}
LAYER = {"people": ["ada"], "start": "2026-03-02"}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"route": {"chain": "page"}}, "route {} names the chain 'page'"),
        ({"route": {"mute": ["nights"]}}, "names the interval 'nights'"),
        (
            {"route": {"routes": [{"match": ["a=b"], "active": ["x"]}]}},
            "route {}/{a=b} names the interval 'x'",
        ),
        ({"maintenance": [{"interval": "move", "match": ["a=b"]}]}, "maintenance names the interval 'move'"),
        (
            {"chains": {"page": [{"person": "ada"}]}, "people": BEA},
            "person 'ada', and there is no such person (bea)",
        ),
        ({"chains": {"page": [{"on_call": "desk"}]}}, "chain page names the schedule 'desk'"),
        ({"chains": {"page": [{"webhook": "pager"}]}}, "names the webhook 'pager'"),
        ({"chains": {"page": [{"email": "ada"}]}}, "names the person 'ada'"),
        ({"chains": {"page": [{"email": "bea"}]}, "people": BEA}, "'bea', who has no address"),
        ({"schedules": {"desk": {"layers": [LAYER]}}}, "schedule desk names the person 'ada'"),
        (
            {
                "people": {"ada": {"slack": "U0ADA"}},
                "schedules": {
                    "desk": {
                        "layers": [LAYER],
                        "overrides": [{"person": "bea", "from": "2026-03-03", "to": "2026-03-04"}],
                    }
                },
            },
            "names the person 'bea'",
        ),
        ({"chains": {"page": [{"repeat": 1}, OWN]}}, "`repeat` can only be the last step"),
        ({"chains": {"page": [OWN, {"repeat": 1}]}}, "only important steps are repeated"),
        ({"route": {"channel": "domain", "group_by": ["alertname"]}}, "must group by domain"),
        ({"route": {"match": ["a=b"]}}, "give it no `match`"),
        ({"route": {"routes": [{"match": ["a"]}]}}, "cannot be matched with: matcher-unread, text 'a'"),
        ({"route": {"routes": [{"match": ['a=~"(x+)+"']}]}}, "pattern-repeats-group"),
        ({"people": {"ada": {}}}, "give a Slack id or an e-mail address"),
        ({"people": {"ada": {"slack": "C0ADA"}}}, "should match pattern"),
        ({"webhooks": {"x": {"url": "ftp://x"}}}, "should match pattern"),
        ({"webhooks": {"x": {}}}, "give either `url` or `url_variable`"),
        ({"snooze_choices": []}, "at least 1 item"),
        ({"remind_after": 0}, "greater than 0"),
        ({"unknown": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_mistake_is_refused_with_words(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AlertSettings.model_validate(settings)
    assert says in str(refused.value)


def test_every_alert_may_be_a_group_of_its_domain() -> None:
    settings = AlertSettings.model_validate({"route": {"channel": "domain", "group_by": ["..."]}})
    assert settings.routes["{}"].group_by == ("...",)


def test_nothing_needs_to_be_said() -> None:
    assert list(AlertSettings().routes) == ["{}"]
    assert AlertSettings().ladders == {}
