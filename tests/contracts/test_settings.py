"""What `patchdesk.yml` may say."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from contracts.settings import DomainSettings, Settings


def test_an_empty_file_is_a_desk_without_domains() -> None:
    assert Settings.model_validate({}).domains == {}


def test_gates_run_in_a_whole_sandbox_unless_an_operator_says_otherwise() -> None:
    assert Settings().sandbox.min_level == 3


def test_a_name_means_one_domain_in_any_case() -> None:
    with pytest.raises(ValidationError, match="names both domain 'web' and domain 'api'"):
        Settings.model_validate({"domains": {"web": {"aliases": ["MAIN"]}, "api": {"aliases": ["main"]}}})


def test_two_gates_of_a_domain_have_two_names() -> None:
    gate = {"name": "tests", "run": ["true"]}
    with pytest.raises(ValidationError, match="two gates named 'tests'"):
        Settings.model_validate({"domains": {"web": {"gates": [gate, gate]}}})
    with pytest.raises(ValidationError, match="two repair commands named 'tests'"):
        Settings.model_validate({"domains": {"web": {"repair": [gate, gate]}}})
    Settings.model_validate({"domains": {"web": {"gates": [gate], "repair": [gate]}}})


def test_nothing_repairs_where_that_is_not_wanted() -> None:
    formatter = {"name": "black", "run": ["black", "."]}
    domain = DomainSettings.model_validate({"repair": [formatter]})
    assert [each.command.name for each in domain.repairs()] == ["black"]
    unwanted = DomainSettings.model_validate({"repair": [formatter], "resolve": {"repair": "never"}})
    assert unwanted.repairs() == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"domain": {}},
        {"domains": {"../web": {}}},
        {"domains": {"web": {"gates": [{"name": "tests", "run": []}]}}},
        {"domains": {"web": {"gates": [{"name": "tests", "run": ["true"], "timeout": 0}]}}},
        {"domains": {"web": {"channels": ["#general"]}}},
        {"sandbox": {"min_level": 9}},
        {"limits": {"files": 0}},
    ],
)
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)


def test_times_are_seconds_and_become_the_values_that_the_desk_works_with() -> None:
    settings = Settings.model_validate(
        {
            "domains": {
                "web": {"gates": [{"name": "t", "run": ["make", "t"], "timeout": 90, "env": {"CI": "1"}}]}
            },
            "limits": {"regex_time": 0.5, "files": 3},
            "executor": {"retry_first": 1, "attempts": 2},
        }
    )
    spec = settings.domains["web"].gates[0].spec()
    assert (spec.timeout, spec.env) == (timedelta(seconds=90), (("CI", "1"),))
    assert (settings.limits.limits().regex_time, settings.limits.limits().files) == (
        timedelta(seconds=0.5),
        3,
    )
    assert settings.executor.backoff().attempts == 2


def test_a_domain_is_found_by_any_of_its_names_and_by_its_channels() -> None:
    settings = Settings.model_validate(
        {"domains": {"web": {"aliases": ["CYOPS"], "channels": ["C01WEB"]}, "api": {"channels": ["C02API"]}}}
    )
    assert settings.domain_names() == {"web": "web", "cyops": "web", "api": "api"}
    assert settings.domains_of("C01WEB") == ("web",)
    assert settings.domains_of("C03NONE") == ()
    assert settings.domains_of(None) == ("web", "api")
