"""Who may come in, and what is said to those who may not."""

import asyncio
import logging
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tallies import Counted
from bot.web.access import LOGIN
from bot.web.answers import SECURITY
from bot.web.keys import hash_of, holder_of, key_of, session_holder, session_of
from bot.web.probes import Phase
from contracts.faults import Reason
from contracts.settings import KeySettings, Scope
from tests.engine.given import NOW
from tests.web.conftest import KEYS, Site

HTML = {"Accept": "text/html,application/xhtml+xml"}
READ_PATHS = (
    "/health",
    "/health/history",
    "/queue/stats",
    "/patches/none",
    "/dashboard",
    "/dashboard/events",
)
KEY = KeySettings(name="a.b", hash=hash_of("pdk-right"), scopes=frozenset({Scope.READ}))
OTHER = KeySettings(name="c", hash=hash_of("pdk-other"), scopes=frozenset({Scope.READ}))


@pytest.mark.parametrize("path", [*READ_PATHS, "/metrics", "/alerts", "/nowhere"])
async def test_without_a_key_nothing_is_said(site: Site, path: str) -> None:
    answer = await site.get(path, key=None)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="patchdesk"'
    assert (await answer.json())["reason"] == Reason.KEY_MISSING


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_probes_need_no_key(site: Site, path: str) -> None:
    assert (await site.get(path, key=None)).status == 200


async def test_a_wrong_key_is_refused_counted_and_logged_without_itself(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    wrong = key_of("guessed")
    answer = await site.get("/queue/stats", key=wrong)
    assert answer.status == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert wrong not in await answer.text()
    assert site.tallies.of(Counted.REFUSED) == {(Reason.KEY_WRONG,): 1}
    assert "refused GET /queue/stats from 127.0.0.1" in caplog.text
    assert "guessed" not in caplog.text


@pytest.mark.parametrize("given", ["Basic YTpi", "Bearer", "Bearer ", "pdk-x", "bearer " + "x" * 5000])
async def test_what_is_no_key_at_all_opens_nothing(site: Site, given: str) -> None:
    assert (await site.get("/health", key=None, headers={"Authorization": given})).status == 401


async def test_a_key_opens_what_its_scope_says_and_no_more(site: Site) -> None:
    answer = await site.get("/queue/stats", key=KEYS[Scope.METRICS])
    assert answer.status == 403
    assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]
    assert (await answer.json())["facts"] == {"scopes": "read"}
    assert (await site.get("/alerts", key=KEYS[Scope.READ])).status == 403
    assert (await site.get("/queue/stats", key=KEYS[Scope.READ])).status == 200


@pytest.mark.parametrize("path", ["/healthz", "/health", "/nowhere", LOGIN, "/dashboard/static/page.css"])
async def test_every_answer_has_the_headers_that_keep_pages_harmless(site: Site, path: str) -> None:
    headers = (await site.get(path, key=None)).headers
    assert {name: headers[name] for name in SECURITY} == SECURITY
    assert "Server" not in headers
    assert "unsafe" not in headers["Content-Security-Policy"]


async def test_what_is_not_there_or_not_taken_is_a_problem_in_json(site: Site) -> None:
    gone = await site.get("/nowhere/%3Cscript%3E")
    assert (gone.status, gone.content_type) == (404, "application/problem+json")
    assert (await gone.json())["reason"] == Reason.NOT_SERVED
    wrong = await site.ask("DELETE", "/health", key=KEYS[Scope.READ])
    assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD")


async def test_ready_is_said_only_between_start_and_stop(site: Site) -> None:
    for phase, status, reasons in (
        (Phase.STARTING, 503, [Reason.DESK_STARTING]),
        (Phase.READY, 200, []),
        (Phase.STOPPING, 503, [Reason.DESK_STOPPING]),
    ):
        site.front.probes.phase = phase
        answer = await site.get("/readyz", key=None)
        assert (answer.status, (await answer.json())["reasons"]) == (status, reasons)
        assert (await site.get("/healthz", key=None)).status == 200


# Browsers --------------------------------------------------------------------------------------
async def signed_in(site: Site, **headers: str) -> str:
    answer = await site.ask("POST", LOGIN, data={"key": KEYS[Scope.READ]}, headers=headers)
    assert (answer.status, answer.headers["Location"]) == (303, "/dashboard")
    return answer.headers["Set-Cookie"]


def crumb(cookie: str) -> dict[str, str]:
    return {"Cookie": cookie.partition(";")[0], **HTML}


async def test_a_browser_is_sent_to_the_form_and_gets_in_with_a_key(site: Site) -> None:
    sent = await site.get("/dashboard", key=None, headers=HTML)
    assert (sent.status, sent.headers["Location"]) == (303, LOGIN)
    form = await site.get(LOGIN, key=None, headers=HTML)
    assert (form.status, form.content_type) == (200, "text/html")
    cookie = await signed_in(site)
    assert {"HttpOnly", "SameSite=Strict", "Path=/dashboard", "Max-Age=43200"} <= set(cookie.split("; "))
    assert KEYS[Scope.READ] not in cookie
    assert (await site.get("/dashboard", key=None, headers=crumb(cookie))).status == 200


async def test_behind_tls_the_cookie_never_goes_without_it(site: Site) -> None:
    assert "; Secure" in await signed_in(site, **{"X-Forwarded-Proto": "https"})
    assert "; Secure" not in await signed_in(site)


@pytest.mark.parametrize("key", ["", "pdk-guessed", KEYS[Scope.METRICS]])
async def test_the_form_lets_nobody_in_whose_key_does_not_open_the_dashboard(site: Site, key: str) -> None:
    answer = await site.ask("POST", LOGIN, data={"key": key})
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    assert "WWW-Authenticate" in answer.headers
    assert sum(site.tallies.of(Counted.REFUSED).values()) == 1


async def test_a_session_opens_the_dashboard_and_nothing_else(site: Site) -> None:
    cookie = crumb(await signed_in(site))
    assert (await site.get("/queue/stats", key=None, headers=cookie)).status == 401
    assert (await site.ask("POST", "/dashboard", headers=cookie)).status == 401


async def test_a_session_ends(site: Site) -> None:
    cookie = crumb(await signed_in(site))
    site.clock.forward(timedelta(hours=12))
    assert (await site.get("/dashboard", key=None, headers=cookie)).status == 303
    answer = await site.get("/dashboard/events", key=None, headers=cookie)
    assert (answer.status, (await answer.json())["reason"]) == (401, Reason.SESSION_OVER)


async def test_who_signs_out_is_out(site: Site) -> None:
    answer = await site.ask("POST", "/dashboard/logout", headers=crumb(await signed_in(site)))
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await site.get("/dashboard", key=None, headers=crumb(answer.headers["Set-Cookie"]))).status == 303


# Keys and sessions, as text --------------------------------------------------------------------
def test_a_key_is_recognized_by_its_hash() -> None:
    assert holder_of("pdk-right", [OTHER, KEY]) is KEY
    assert holder_of("pdk-wrong", [OTHER, KEY]) is None
    assert holder_of("pdk-right", []) is None


def test_a_session_is_good_until_it_ends_and_for_this_run_and_key_only() -> None:
    session = session_of(KEY, "secret", now=NOW, life=timedelta(hours=1))
    later = NOW + timedelta(minutes=59)
    assert session_holder(session, "secret", [OTHER, KEY], now=later) == (KEY, NOW + timedelta(hours=1))
    assert session_holder(session, "secret", [KEY], now=NOW + timedelta(hours=1)) is None
    assert session_holder(session, "another run", [KEY], now=later) is None
    assert session_holder(session, "secret", [OTHER], now=later) is None
    replaced = KEY.model_copy(update={"hash": OTHER.hash})
    assert session_holder(session, "secret", [replaced], now=later) is None


@given(
    st.text(max_size=60) | st.builds("{}.{}.{}".format, st.integers(), st.just("a.b"), st.text(max_size=70))
)
def test_no_text_is_a_session_that_was_not_made_here(text: str) -> None:
    assert session_holder(text, "secret", [KEY], now=NOW) is None


@given(st.text(max_size=300))
def test_no_text_but_the_key_is_the_key(text: str) -> None:
    assert (holder_of(text, [KEY]) is KEY) == (text == "pdk-right")


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/static/../../health",
        "/dashboard/static/..%2f..%2fhealth",
        "/dashboard/static/%2e%2e/events",
        "/dashboard/static/../events",
        "/dashboard/login/../../metrics",
        "//metrics",
        "/healthz/../metrics",
        "/%6detrics",
        "/dashboard/static/..%2f..%2fkeys.py",
    ],
)
async def test_no_way_of_writing_a_path_leads_past_the_key(site: Site, path: str) -> None:
    """As it stands: clients tidy paths up before they ask."""
    host, _, port = site.address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    body = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert status in {401, 403, 404}
    assert b"patchdesk_" not in body
    assert b"import" not in body
