"""What most commands begin with: the configuration, and the store it names."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot import clock
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.delivery.wording.faults import explain
from bot.settings import Config, SettingsError, read_config
from contracts.faults import Reason, fault, nearest
from contracts.ports import Engine
from contracts.settings import Settings
from executor.engine import StoreTroubleError, exists, is_worked_on, open_engine


def configuration() -> Config:
    try:
        return read_config()
    except SettingsError as error:
        stop(ExitCode.USAGE, "\n".join(error.problems), phrases.WHERE_SETTINGS_ARE)


@asynccontextmanager
async def store(config: Config, *, made: bool = False) -> AsyncIterator[Engine]:
    """The store of *config*. With *made* it is made if it is not there; else the command ends."""
    if not made and not exists(config.database_url):
        stop(ExitCode.DESK, phrases.no_store(config.database_url), phrases.STORE_APPEARS)
    try:
        engine = await open_engine(config.database_url, identity=clock.new_key())
    except (StoreTroubleError, OSError) as error:
        stop(ExitCode.DESK, phrases.store_trouble(error))
    except ValueError as error:
        stop(ExitCode.USAGE, f"PATCHDESK_DATABASE_URL: {error}")
    try:
        yield engine
    finally:
        await engine.close()


def is_running(config: Config) -> bool:
    return is_worked_on(config.database_url)


def domain_named(settings: Settings, name: str) -> str:
    """The domain that *name* or alias means; the command ends if there is none."""
    names = settings.domain_names()
    if name.casefold() not in names:
        domains, suggestion = " ".join(settings.domains), nearest(name, names)
        unknown = fault(Reason.UNKNOWN_TARGET, target=name, domains=domains, suggestion=suggestion)
        said = explain(unknown)
        stop(ExitCode.USAGE, said.what, said.hint)
    return names[name.casefold()]
