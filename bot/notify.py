"""Tell the service manager how the desk is: sd_notify's datagrams, where there is a socket for them."""

import logging
import socket

log = logging.getLogger(__name__)


class Notifier:
    """*address* is NOTIFY_SOCKET, with `@` for an abstract one; None: nobody wants to know.

    *watched*: the manager ends a service that does not say `alive` often enough. Nothing here waits: a
    manager that does not listen must not hold up the desk.
    """

    def __init__(self, address: str | None, *, watched: bool = False) -> None:
        self._address = f"\0{address[1:]}" if address and address.startswith("@") else address
        self._watched = watched

    def ready(self) -> None:
        self._say("READY=1")

    def alive(self) -> None:
        if self._watched:
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, state: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as telling:
            telling.setblocking(False)
            try:
                telling.sendto(state.encode(), self._address)
            except OSError as error:
                log.warning("the service manager did not hear %s: %s", state, error.strerror)
