"""The file itself: its schema, what is wrong with it, its copies, who holds it."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.alerts.model import Entry, EntryKind
from contracts.ports import Engine
from executor.engine import (
    NotAStoreError,
    StoreInUseError,
    StoreTooNewError,
    backup,
    check,
    exists,
    open_engine,
    restore,
)
from executor.engine.sqlite import codec, migrations
from tests.engine.alerted import Watch, alert
from tests.engine.given import ANN, FAILED, LANDED, NOW, Desk, asked, card, patch_of, summary


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "desk.db"


async def fill(desk: Desk) -> None:
    """A bit of everything."""
    patches = (*(asked(f"p-{n}") for n in (1, 2, 3)), asked("a-1", domain="api"))
    await desk.settle(*patches, told=(card("p-1"), summary("p-1")))
    await desk.finish(await desk.start(), LANDED)
    await desk.start()
    await desk.letter()
    await desk.record()
    watch = Watch(desk.engine.alerts)
    await watch.see(alert("A"), alert("B", "critical"))
    entry = Entry(1, NOW, EntryKind.OPENED, None, {})
    assert await watch.change(replace(await watch.only(), entries=1), entry)


def change(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def rows(store: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(store)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in names}


async def test_a_new_store_is_its_owners_only_and_has_nothing_wrong(engine: Engine, store: Path) -> None:
    assert store.stat().st_mode & 0o777 == 0o600
    assert await engine.check() == ()


async def test_a_store_that_was_used_has_nothing_wrong(desk: Desk, url: str) -> None:
    await fill(desk)
    assert await check(url) == ()


async def test_a_store_keeps_its_rows_and_its_name_when_it_is_opened_again(url: str) -> None:
    first = await open_engine(url, identity="first")
    await Desk(first).put(card("p-1"), card("p-2", "C0OPS"))
    key = (await Desk(first).letter()).key
    await first.close()
    again = await open_engine(url, identity="second")
    assert key.startswith("first-")
    assert (await Desk(again).letter()).key.startswith("first-")
    await again.close()


async def test_the_last_to_close_leaves_no_log_beside_the_store(url: str, store: Path) -> None:
    engines = [await open_engine(url, identity="one") for _ in range(2)]
    await Desk(engines[0]).record()
    for engine in engines:
        await engine.close()
    assert sorted(path.name for path in store.parent.iterdir()) == ["desk.db", "desk.db-lock", "desk.db-wake"]


async def test_two_processes_may_make_the_same_store(url: str) -> None:
    engines = await asyncio.gather(*(open_engine(url, identity=f"id-{n}") for n in range(4)))
    for engine in engines:
        await Desk(engine).record()
    assert (await engines[0].ledger.counts()).inbox == 1  # all of them wrote "event-0"
    for engine in engines:
        await engine.close()
    assert await check(url) == ()


@pytest.mark.parametrize("url", ["postgresql://desk", "sqlite:///", "desk.db"])
async def test_a_url_of_no_known_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:////"):
        await open_engine(url, identity="x")


async def test_a_store_newer_than_the_code_is_refused(url: str, store: Path) -> None:
    await (await open_engine(url, identity="x")).close()
    change(store, "INSERT INTO schema_version VALUES (9999)")
    with pytest.raises(StoreTooNewError, match="9999"):
        await open_engine(url, identity="x")
    (finding,) = await check(url)
    assert "9999" in finding


async def test_another_programs_database_is_refused_and_left_alone(url: str, store: Path) -> None:
    change(store, "CREATE TABLE theirs (x)")
    with pytest.raises(NotAStoreError, match="other tables"):
        await open_engine(url, identity="x")
    assert list(rows(store)) == ["theirs"]


async def test_a_file_that_is_no_database_is_refused_and_left_alone(url: str, store: Path) -> None:
    store.write_bytes(b"not a database, but long enough to look like one " * 100)
    before = store.read_bytes()
    with pytest.raises(NotAStoreError, match="restore a backup"):
        await open_engine(url, identity="x")
    assert store.read_bytes() == before
    assert await check(url) != ()


async def test_a_migration_that_fails_leaves_the_store_as_it_was(
    url: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await open_engine(url, identity="x")).close()
    before = rows(store)
    next_one = migrations.known()[-1][0] + 1
    spoilt = (
        *migrations.known(),
        (next_one, "CREATE TABLE more (x INTEGER);\nINSERT INTO nowhere VALUES (1);\n"),
    )
    monkeypatch.setattr(migrations, "known", lambda: spoilt)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        await open_engine(url, identity="x")
    assert rows(store) == before


async def test_a_later_migration_is_carried_out_once(
    url: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await open_engine(url, identity="x")).close()
    later = (
        *migrations.known(),
        (
            migrations.known()[-1][0] + 1,
            "CREATE TABLE more (x INTEGER) STRICT;\nINSERT INTO more VALUES (1);\n",
        ),
    )
    monkeypatch.setattr(migrations, "known", lambda: later)
    for _ in range(2):
        await (await open_engine(url, identity="x")).close()
    assert rows(store)["more"] == [(1,)]


async def test_what_was_over_before_alerts_were_kept_is_no_news(
    url: str, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched, closing(sqlite3.connect(store, isolation_level=None)) as before:
        first = migrations.known()[:1]
        patched.setattr(migrations, "known", lambda: first)
        migrations.migrate(before, "x")
        before.execute(
            "INSERT INTO inbox VALUES (1, 'slack', 'k', 1, 'settled', 1, NULL, 'C', '1', '1', 0, x'')"
        )
        for seq in (1, 2):
            told = (seq, f"p-{seq}", codec.actor_to_json(ANN), codec.patch_to_json(patch_of(f"{seq}")))
            before.execute(
                "INSERT INTO patches VALUES (?, ?, 'web', 1, 1, 'slack', 'C', '1', '1', 'Ann', 'A', ?, ?)",
                told,
            )
            ended = (seq, codec.report_to_json(FAILED.report))
            before.execute("INSERT INTO endings VALUES (?, 'web', 2, 'failed', 1, 1, '[]', ?)", ended)
        before.execute("INSERT INTO tallies VALUES ('web', 'failed', 2)")
        before.execute("INSERT INTO audit VALUES (7, 1, 'desk', 'unreadable', 'inbox row 1: x')")
    engine = await open_engine(url, identity="x")
    marks = [await engine.alerts.watermark(name) for name in ("endings", "audit")]
    assert marks == [2, 7]
    assert [task.number for task in await engine.reports.ended(after=0, limit=9)] == [1, 2]
    assert await engine.reports.ended(after=marks[0], limit=9) == ()
    await engine.close()
    assert await check(url) == ()


DAMAGE = {
    "more than one head": (
        "DROP INDEX lanes_head",
        "UPDATE lanes SET state = 'ready'",
    ),
    "none is its head": ("UPDATE lanes SET state = 'waiting' WHERE state <> 'waiting'",),
    "neither open nor finished": ("DELETE FROM lanes WHERE domain = 'api'",),
    "still in its lane": (
        "INSERT INTO endings SELECT seq, domain, 1, 'landed', 1, 1, '[]', '{}' FROM lanes",
    ),
    "count of finished": ("UPDATE tallies SET many = many + 1",),
    "without a lease": ("UPDATE lanes SET lease_until = NULL",),
    "nobody will post": ("DELETE FROM cards",),
    "in no delivery": ("DELETE FROM outbox WHERE kind = 'post-card'",),
    "still to be said": ("INSERT INTO said SELECT id, 'sent', 1, '', '', 1, 1, 1, '', '', '' FROM outbox",),
    "in hand at once": ("UPDATE outbox SET state = 'sending'",),
    "schema: lanes_head": ("DROP INDEX lanes_head",),
    "count of alerts": ("UPDATE alert_groups SET critical = critical + 1",),
    "another one of its key": (
        "DROP INDEX alert_groups_open",
        "UPDATE alert_groups SET alerts = 0, warning = 0, critical = 0, entries = 0",
        """INSERT INTO alert_groups (id, key, route, labels, opened_at, grew_at, severity, state)
        SELECT id || '-2', key, route, labels, opened_at, grew_at, severity, state FROM alert_groups""",
    ),
    "its log has a gap": ("DELETE FROM alert_entries",),
    "fires in no group": ("DELETE FROM alert_members",),
    "finished, and not counted": ("DELETE FROM tasks",),
    "or twice": (
        """INSERT INTO tasks (seq, ended_at, domain, state, accepted_at, started_at, errors, warnings)
        SELECT seq, ended_at, domain, state, accepted_at, started_at, 0, 0 FROM tasks""",
    ),
    "nobody was told of it": ("INSERT INTO reports VALUES ('r', 'daily', 'C0DEV', '', 1, 2, 3, NULL, '{}')",),
    "its row in inbox is gone": ("DELETE FROM inbox WHERE state = 'settled'",),
}


@pytest.mark.parametrize("sentence", DAMAGE)
async def test_check_finds_what_the_desk_would_never_write(desk: Desk, store: Path, sentence: str) -> None:
    await fill(desk)
    await desk.put(summary("p-1"))
    change(store, *DAMAGE[sentence])
    assert [finding for finding in await desk.engine.check() if sentence in finding]


async def test_check_finds_a_damaged_page(url: str, store: Path) -> None:
    engine = await open_engine(url, identity="x")
    await fill(Desk(engine))
    await engine.close()
    with store.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)
    assert await check(url) != ()


async def test_there_is_nothing_to_check_or_copy_where_no_store_is(url: str, tmp_path: Path) -> None:
    assert not exists(url)
    with pytest.raises(FileNotFoundError):
        await check(url)
    with pytest.raises(FileNotFoundError):
        await backup(url, tmp_path / "copy.db")
    with pytest.raises(FileNotFoundError):
        await restore(url, tmp_path / "copy.db", identity="x")
    assert list(tmp_path.iterdir()) == []


async def test_an_empty_file_is_no_store(url: str, store: Path) -> None:
    store.touch()
    assert await check(url) == ("the store is empty: it has no schema",)


async def test_a_backup_while_writing_restores_to_an_equal_store(
    desk: Desk, url: str, tmp_path: Path
) -> None:
    await fill(desk)
    writing = asyncio.create_task(_keep_writing(desk))
    copy = tmp_path / "copy.db"
    await desk.engine.backup(copy)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    copied = rows(copy)
    target = f"sqlite:///{tmp_path / 'elsewhere' / 'desk.db'}"
    await restore(target, copy, identity="restored")
    assert await check(target) == ()
    restored = rows(tmp_path / "elsewhere" / "desk.db")
    assert restored.pop("identities") != copied.pop("identities")
    assert restored == copied
    assert {row[0] for row in copied["patches"]} >= {1, 2, 3}


async def _keep_writing(desk: Desk) -> None:
    for number in range(10_000):
        await desk.record(f"busy-{number}")


async def test_a_backup_never_overwrites(desk: Desk, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    with pytest.raises(FileExistsError):
        await desk.engine.backup(copy)
    assert copy.read_text() == "mine"


async def test_nothing_is_restored_while_a_desk_holds_the_store(desk: Desk, url: str, tmp_path: Path) -> None:
    await fill(desk)
    copy = tmp_path / "copy.db"
    await desk.engine.backup(copy)
    with pytest.raises(StoreInUseError, match="stop it first"):
        await restore(url, copy, identity="x")
    assert (await desk.engine.ledger.counts()).waiting > 0


async def test_a_spoilt_copy_is_not_restored(url: str, store: Path, tmp_path: Path) -> None:
    engine = await open_engine(url, identity="x")
    await fill(Desk(engine))
    copy = tmp_path / "copy.db"
    await engine.backup(copy)
    await engine.close()
    before = rows(store)
    change(copy, "UPDATE tallies SET many = 99")
    with pytest.raises(NotAStoreError, match="count of finished"):
        await restore(url, copy, identity="y")
    assert rows(store) == before


async def test_a_restore_keeps_the_store_before_it(url: str, store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    engine = await open_engine(url, identity="x")
    await Desk(engine).record("before the backup")
    await engine.backup(copy)
    await Desk(engine).record("after the backup")
    await engine.close()
    await restore(url, copy, identity="y")
    assert len(rows(store)["inbox"]) == 1
    assert len(rows(tmp_path / "desk.db.replaced")["inbox"]) == 2


async def test_a_restore_keeps_what_is_only_in_the_log_of_a_killed_desk(
    url: str, store: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.db"
    engine = await open_engine(url, identity="x")
    await engine.backup(copy)
    await Desk(engine).record()
    killed = tmp_path / "killed" / "desk.db"
    killed.parent.mkdir()
    for name in ("desk.db", "desk.db-wal"):
        (killed.parent / name).write_bytes((tmp_path / name).read_bytes())
    await engine.close()
    await restore(f"sqlite:///{killed}", copy, identity="y")
    assert rows(killed)["inbox"] == []
    assert len(rows(killed.with_name("desk.db.replaced"))["inbox"]) == 1


async def test_a_restored_store_never_gives_a_key_twice(url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    engine = await open_engine(url, identity="first")
    await Desk(engine).put(card("p-1"))
    await engine.backup(copy)
    await Desk(engine).put(card("p-2", "C0OPS"))
    keys = {(await Desk(engine).letter()).key for _ in range(2)}
    await engine.close()
    await restore(url, copy, identity="second")
    again = await open_engine(url, identity="unused")
    await Desk(again).put(card("p-3", "C0OPS"))
    old, new = [await Desk(again).letter() for _ in range(2)]
    assert old.key in keys
    assert new.key not in keys
    assert new.key.startswith("second-")
    await again.close()
