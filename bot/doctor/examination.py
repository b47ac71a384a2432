"""Everything the doctor looks at, in the order in which one thing needs another."""

from collections.abc import AsyncIterator
from datetime import datetime

from bot.doctor import machine
from bot.doctor.demands import demands
from bot.doctor.domains import domain
from bot.doctor.findings import Finding, Health, Symptom, found
from bot.doctor.workspace import workspace
from bot.settings import Config, SettingsError


async def examine(config: Config | SettingsError, *, now: datetime) -> AsyncIterator[Finding]:
    """Findings as they are made. Of a configuration that cannot be read, its problems and the machine."""
    yield machine.python()
    yield await machine.git()
    if isinstance(config, SettingsError):
        for problem in config.problems:
            yield found("configuration", Health.WRONG, Symptom.CONFIG_WRONG, problem=problem)
        return
    yield _configuration(config)
    for finding in machine.data_folder(config.data):
        yield finding
    yield machine.clock(config.data, now)
    async for finding in machine.store(config.database_url):
        yield finding
    async for finding in machine.sandbox(config.settings.sandbox):
        yield finding
    for name, settings in config.settings.domains.items():
        async for finding in domain(name, settings, config.data):
            yield finding
        for finding in demands(name, settings, now=now):
            yield finding
    async for finding in workspace(config, now=now):
        yield finding


def _configuration(config: Config) -> Finding:
    if config.source is None:
        return found("configuration", Health.WRONG, Symptom.CONFIG_ABSENT)
    if not config.settings.domains:
        return found("configuration", Health.WRONG, Symptom.NO_DOMAINS, path=config.source)
    domains = len(config.settings.domains)
    return found("configuration", Health.FINE, Symptom.CONFIG, path=config.source, domains=domains)
