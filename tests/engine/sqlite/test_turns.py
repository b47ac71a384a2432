"""What is found when the lanes and sets of a store are checked, and lanes from before there were sets."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from contracts.control import Closed, CloseDomain, Closing, HoldPatch
from executor.engine import check, open_engine
from executor.engine.sqlite import codec, migrations
from tests.engine.given import ANN, NOW, Desk, asked, patch_of
from tests.engine.test_atomic_sets import PASSED, begin, taken
from tests.engine.test_control import decide


async def test_a_lane_whose_patches_are_all_kept_back_is_as_it_should_be(desk: Desk) -> None:
    await desk.settle(asked("held"))
    await decide(desk, HoldPatch("held", "Ben", ""))
    await decide(desk, CloseDomain(Closed("api", Closing.PAUSED, "Ben", "", NOW)))
    await desk.settle(asked("paused", domain="api"))
    await decide(desk, CloseDomain(Closed("docs", Closing.FROZEN, "Ben", "", NOW)))
    await desk.settle(asked("frozen", domain="docs"))
    await begin(desk, "web", "api")
    assert await desk.engine.check() == ()


async def test_a_set_of_which_only_a_part_may_land_is_found(desk: Desk, tmp_path: Path) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    with closing(sqlite3.connect(tmp_path / "desk.db", isolation_level=None)) as store:
        store.execute("UPDATE lanes SET cleared = 1 WHERE state = 'prepared'")
    assert await desk.engine.check() == ("set s-1: one of its patches may land and another may not",)


async def test_lanes_from_before_there_were_sets_go_on(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sqlite3.connect(tmp_path / "desk.db", isolation_level=None)
    with monkeypatch.context() as patched, closing(before):
        released = migrations.known()[:6]
        patched.setattr(migrations, "known", lambda: released)
        migrations.migrate(before, "x")
        before.execute(
            """INSERT INTO inbox (id, source, key, received_at, state, attempt, payload)
            VALUES (1, 'slack', 'k', 1, 'settled', 1, x'')"""
        )
        for seq, state in ((1, "ready"), (2, "waiting")):
            told = (seq, f"p-{seq}", codec.actor_to_json(ANN), codec.patch_to_json(patch_of(f"{seq}")))
            before.execute(
                """INSERT INTO patches (seq, id, domain, inbox_id, accepted_at, source, actor_name, title,
                  actor, patch) VALUES (?, ?, 'web', 1, 1, 'slack', 'Ann', 'A', ?, ?)""",
                told,
            )
            before.execute(
                "INSERT INTO lanes (seq, domain, content, state, rank) VALUES (?, 'web', ?, ?, 1)",
                (seq, f"{seq}", state),
            )
    engine = await open_engine(url, identity="x")
    desk = Desk(engine)
    for id_ in ("p-1", "p-2"):
        claimed = await taken(desk, id_)
        assert not claimed.bound
        await desk.finish(claimed)
    await engine.close()
    assert await check(url) == ()
