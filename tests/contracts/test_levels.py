"""The limits as they are shipped are the limits of the model."""

from datetime import timedelta

import pytest

from bot.settings import SettingsError, default_operations, read_operations
from contracts.levels import HealthSettings, Levels


def test_what_the_desk_ships_is_what_the_model_says() -> None:
    shipped = default_operations()
    assert shipped.levels == Levels()
    assert shipped.health == HealthSettings()


def test_a_team_changes_what_it_wants() -> None:
    text = b"levels: {queue_depth: 3, domains: {web: {head_age: 60}}}\nhealth: {heartbeat: 'https://up.example/x'}"
    operations = read_operations(text, "operations.yml")
    assert (operations.levels.queue_depth, operations.levels.failure_rate) == (3, 0.05)
    assert operations.levels.of("web").head_age == timedelta(minutes=1)
    assert operations.levels.of("web").queue_depth == 3
    assert operations.levels.of("api").head_age == timedelta(minutes=15)
    assert str(operations.health.heartbeat) == "https://up.example/x"


@pytest.mark.parametrize(
    "text",
    [
        "levels: {failure_rate: 5}",
        "levels: {disk_free: -0.1}",
        "levels: {silence: 0}",
        "levels: {domains: {web: {silence: 3}}}",
        "levels: {queue: 3}",
        "health: {every: 0.1}",
        "health: {heartbeat: 'file:///etc/passwd'}",
    ],
)
def test_what_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        read_operations(text.encode(), "operations.yml")
