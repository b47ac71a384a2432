"""What the check of a store knows of sets: each is summed up once, at its end."""

from pathlib import Path

from executor.engine import open_engine
from tests.engine.given import Desk
from tests.engine.sqlite.test_store import change
from tests.engine.test_sets import enter, members, said


async def test_a_set_is_summed_up_once_at_its_end(tmp_path: Path) -> None:
    store = tmp_path / "desk.db"
    engine = await open_engine(f"sqlite:///{store}", identity="x")
    desk = Desk(engine)
    await enter(desk, *members("web", "api"))
    assert await engine.check() == ()
    for _ in range(2):
        await desk.finish(await desk.start())
    await said(desk)
    assert await engine.check() == ()
    change(store, "DELETE FROM said WHERE notice LIKE '%sum-up-set%'")
    [wrong] = await engine.check()
    assert wrong.startswith("set s-1: over and never summed up")
    change(store, "DELETE FROM members")
    assert "set s-1: none of its own patches ever entered" in await engine.check()
    await engine.close()
