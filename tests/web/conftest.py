"""The server on a real store, without a desk behind it."""

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.settings import Config, SlackAccess
from bot.tallies import Tallies
from bot.web.keys import hash_of, key_of
from bot.web.probes import Phase
from bot.web.server import Front, served
from contracts.settings import DomainSettings, HttpSettings, KeySettings, Scope, Settings
from executor.engine import open_engine
from tests.engine.given import NOW, Desk

KEYS = {scope: key_of(f"{scope}-of-the-tests") for scope in Scope}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Site:
    """The desk's server, as its callers see it; *desk* is its store."""

    address: str
    desk: Desk
    front: Front
    tallies: Tallies
    clock: Clock
    session: aiohttp.ClientSession

    async def get(
        self, path: str, *, key: str | None = KEYS[Scope.READ], headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        return await self.ask("GET", path, key=key, headers=headers)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> aiohttp.ClientResponse:
        """The answer, read to its end, wherever it leads to."""
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        async with self.session.request(
            method, self.address + path, headers=sent, allow_redirects=False, **more
        ) as response:
            await response.read()
            return response


def configuration(folder: Path) -> Config:
    keys = tuple(
        KeySettings(name=scope, hash=hash_of(key), scopes=frozenset({scope})) for scope, key in KEYS.items()
    )
    domains = {"web": DomainSettings(), "api": DomainSettings()}
    return Config(
        settings=Settings(domains=domains, http=HttpSettings(keys=keys)),
        slack=SlackAccess(app_token="xapp-1"),
        data=folder,
        database_url=f"sqlite:///{folder}/desk.db",
        http_host="127.0.0.1",
        http_port=0,
        source=None,
    )


@asynccontextmanager
async def open_site(folder: Path, session: aiohttp.ClientSession) -> AsyncIterator[Site]:
    """Everything served, as by a desk that is ready."""
    config, clock, tallies = configuration(folder), Clock(), Tallies()
    numbers = itertools.count(1)
    engine = await open_engine(config.database_url, identity="web")
    try:
        async with served(
            config,
            engine,
            tallies=tallies,
            secret="of this run",
            new_group_id=lambda: f"group-{next(numbers)}",
            clock=clock,
        ) as front:
            front.probes.phase = Phase.READY
            yield Site(front.address, Desk(engine), front, tallies, clock, session)
    finally:
        await engine.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        open_site(tmp_path, session) as opened,
    ):
        yield opened
