"""What the service manager hears, at a real socket."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.notify import Notifier
from bot.settings import read_config


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        named = str(tmp_path / "notify")
        bound = named if request.param == "path" else f"\0{named}"
        listening.bind(bound)
        listening.setblocking(False)
        yield bound.replace("\0", "@"), listening


def heard(listening: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(listening.recv(100))
    except BlockingIOError:
        return found


def test_the_manager_hears_of_the_beginning_the_life_and_the_end(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    notifier = Notifier(address, watched=True)
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert heard(listening) == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_a_manager_that_does_not_watch_is_not_fed(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    Notifier(address).alive()
    assert heard(listening) == []


def test_the_environment_says_whether_there_is_a_manager(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = read_config({"NOTIFY_SOCKET": "/run/systemd/notify", "WATCHDOG_USEC": "90000000"})
    assert (told.notify, told.watched) == ("/run/systemd/notify", True)
    untold = read_config({})
    assert (untold.notify, untold.watched) == (None, False)


def test_without_a_manager_nothing_is_said() -> None:
    Notifier(None, watched=True).ready()


def test_a_manager_that_is_gone_is_no_trouble(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Notifier(str(tmp_path / "gone"), watched=True).alive()
    assert "did not hear WATCHDOG=1" in caplog.text


def test_a_manager_that_does_not_listen_holds_nothing_up(manager: tuple[str, socket.socket]) -> None:
    address, listening = manager
    notifier = Notifier(address, watched=True)
    for _ in range(2000):
        notifier.alive()
    assert 0 < len(heard(listening)) < 2000
