"""Who may come in: everything wants a key, but for what is named here."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from bot.delivery.wording.ink import shorten, visible
from bot.intake.http import EVENTS
from bot.tallies import Counted, Tallies
from bot.web.answers import as_problem, problem
from bot.web.keys import holder_of, session_holder, session_of
from contracts.faults import Fault, Reason, fault
from contracts.settings import HttpSettings, KeySettings, Scope

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOGIN: Final = "/dashboard/login"
LOGOUT: Final = "/dashboard/logout"
#: Style, script and picture of the pages: nothing of the desk is in them.
STATIC: Final = "/dashboard/static/"
_DASHBOARD: Final = "/dashboard"
_COOKIE: Final = "patchdesk"
#: Slack signs what it sends; the sign-in form asks for the key; probes have none; to leave takes none.
_OPEN: Final = frozenset({"/healthz", "/readyz", EVENTS, LOGIN, LOGOUT})
_SCOPES: Final = {
    "/metrics": frozenset({Scope.READ, Scope.METRICS}),
    "/alerts": frozenset({Scope.ALERTS}),
}
_READ: Final = frozenset({Scope.READ})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refused:
    why: Fault
    status: HTTPStatus
    error: str = ""  #: as RFC 6750 calls it


@dataclass(frozen=True, slots=True)
class Access:
    """*secret* seals the sessions of this process."""

    settings: HttpSettings
    secret: str
    clock: Callable[[], datetime]
    tallies: Tallies

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_open(request.path) and (refused := self._refused(request)) is not None:
            return self._turn_away(request, refused)
        try:
            return await handler(request)
        except web.HTTPException as error:
            return as_problem(error, request)

    def _refused(self, request: web.Request) -> Refused | None:
        wanted = _SCOPES.get(request.path, _READ)
        scheme, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme.casefold() == "bearer":
            holder = holder_of(key.strip(), self.settings.keys)
            wrong = Refused(fault(Reason.KEY_WRONG), HTTPStatus.UNAUTHORIZED, "invalid_token")
        else:
            signed_in = self.signed_in(request)
            holder = signed_in[0] if signed_in else None
            reason = Reason.SESSION_OVER if _COOKIE in request.cookies else Reason.KEY_MISSING
            wrong = Refused(fault(reason), HTTPStatus.UNAUTHORIZED)
        if holder is None:
            return wrong
        if wanted & holder.scopes:
            return None
        narrow = fault(Reason.KEY_TOO_NARROW, scopes=" ".join(sorted(wanted)))
        return Refused(narrow, HTTPStatus.FORBIDDEN, "insufficient_scope")

    def _turn_away(self, request: web.Request, refused: Refused) -> web.StreamResponse:
        if request.method == hdrs.METH_GET and request.path == _DASHBOARD and _is_browser(request):
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: LOGIN})
        self.note(request, refused.why.reason)
        challenge = 'Bearer realm="patchdesk"' + (f', error="{refused.error}"' if refused.error else "")
        return problem(refused.why, refused.status, {hdrs.WWW_AUTHENTICATE: challenge})

    def note(self, request: web.Request, reason: Reason) -> None:
        """Count and log a refusal; never the key."""
        self.tallies.count(Counted.REFUSED, reason)
        path = visible(shorten(request.path, 80))
        log.warning("refused %s %s from %s: %s", request.method, path, request.remote, reason)

    # Browsers ----------------------------------------------------------------------------------
    def signed_in(self, request: web.Request) -> tuple[KeySettings, datetime] | None:
        """Whose browser it is and until when. Sessions are for looking at the dashboard only."""
        if request.method != hdrs.METH_GET or not request.path.startswith(_DASHBOARD):
            return None
        session = request.cookies.get(_COOKIE, "")
        return session_holder(session, self.secret, self.settings.keys, now=self.clock())

    def sign_in(self, request: web.Request, response: web.Response, holder: KeySettings) -> None:
        life = self.settings.session
        session = session_of(holder, self.secret, now=self.clock(), life=life)
        self._set_cookie(request, response, session, life)

    def sign_out(self, request: web.Request, response: web.Response) -> None:
        self._set_cookie(request, response, "", timedelta(0))

    def _set_cookie(self, request: web.Request, response: web.Response, value: str, life: timedelta) -> None:
        response.set_cookie(
            _COOKIE,
            value,
            path=_DASHBOARD,
            max_age=int(life.total_seconds()),
            httponly=True,
            samesite="Strict",
            # TLS is the proxy's; who lies about it only loses their own session.
            secure=request.secure or request.headers.get("X-Forwarded-Proto") == "https",
        )


def _is_open(path: str) -> bool:
    return path in _OPEN or path.startswith(STATIC)


def _is_browser(request: web.Request) -> bool:
    return hdrs.AUTHORIZATION not in request.headers and "text/html" in request.headers.get(hdrs.ACCEPT, "")
