"""What an answer over HTTP looks like: JSON, problems (RFC 9457), and the headers that all have."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from bot.delivery.wording.faults import explain, locate
from bot.intake.http import MOST_BODY
from contracts.faults import Fault, Reason, fault

#: Nothing is fetched, run or framed that the desk did not serve itself; nothing is kept.
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def as_json(value: object, *, status: int = HTTPStatus.OK) -> web.Response:
    text = json.dumps(value, indent=2) + "\n"
    return web.Response(text=text, status=status, content_type="application/json")


def problem(wrong: Fault, status: HTTPStatus, headers: Mapping[str, str] | None = None) -> web.Response:
    """What is wrong, where, and how to mend it; for programs the reason and its facts."""
    said = explain(wrong)
    body = {
        "title": said.what,
        "status": status.value,
        "detail": " ".join(part for part in (locate(wrong), said.hint) if part),
        "reason": wrong.reason.value,
        "facts": dict(wrong.args),
    }
    text = json.dumps(body, indent=2) + "\n"
    return web.Response(text=text, status=status, headers=headers, content_type="application/problem+json")


async def secure(_request: web.Request, response: web.StreamResponse) -> None:
    """A signal: called before the headers of any answer are sent."""
    for name, value in SECURITY.items():
        response.headers[name] = value
    response.headers.pop(hdrs.SERVER, None)


def as_problem(error: web.HTTPException, request: web.Request) -> web.StreamResponse:
    """What aiohttp raises of its own accord, in our words."""
    match error:
        case web.HTTPNotFound():
            return problem(fault(Reason.NOT_SERVED, path=request.path), HTTPStatus.NOT_FOUND)
        case web.HTTPMethodNotAllowed():
            allowed = " ".join(sorted(error.allowed_methods))
            wrong = fault(Reason.METHOD_NOT_SERVED, method=request.method, allowed=allowed)
            return problem(wrong, HTTPStatus.METHOD_NOT_ALLOWED, {hdrs.ALLOW: ", ".join(allowed.split())})
        case web.HTTPRequestEntityTooLarge():
            wrong = fault(Reason.BODY_TOO_LARGE, most=MOST_BODY)
            return problem(wrong, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        case _:
            raise error
