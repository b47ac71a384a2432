"""An e-mail reaches a real mail server once its answer says so, and every other answer means something."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.delivery import mail as mail_module
from bot.delivery.mail import Mailer, written
from bot.delivery.slack_answers import Delivered, Refusal, Rejected, RetryAfter
from bot.settings import MailAccess
from contracts.faults import Reason
from tests.delivery.mail_server import PASSWORD, USER, certificate, mail_server
from tests.delivery.rows import NOON

TO = "ops@example.com"
SENDER = "desk@example.com"


def letter(
    key: str = "desk-7", subject: str = "Critical: PatchFailed", text: str = "It fires."
) -> EmailMessage:
    return written(subject, text, sender=SENDER, to=TO, key=key, thread="g7", now=NOON)


def plainly(port: int) -> Mailer:
    return Mailer(MailAccess("127.0.0.1", port, "none", SENDER))


async def test_a_mail_arrives_as_it_was_written() -> None:
    async with mail_server() as post:
        assert await plainly(post.port).send(letter(text="Größe: 3 → 4\n"), to=TO) == Delivered()
        [mail], [envelope] = post.taken, post.envelopes
        assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [TO])
        assert (mail["From"], mail["To"]) == (f"Patchdesk <{SENDER}>", TO)
        assert mail["Subject"] == "Critical: PatchFailed"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail.get_content().splitlines() == ["Größe: 3 → 4"]


async def test_a_mail_that_comes_twice_can_be_told_apart_from_another() -> None:
    async with mail_server() as post:
        for key in ("desk-7", "desk-7", "desk-8"):
            await plainly(post.port).send(letter(key), to=TO)
        ids = [mail["Message-ID"] for mail in post.taken]
        assert ids == ["<desk-7@example.com>", "<desk-7@example.com>", "<desk-8@example.com>"]
        assert {mail["References"] for mail in post.taken} == {"<g7@example.com>"}


async def test_the_password_goes_over_a_safe_connection(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with mail_server(tls=server, login=True) as post:
        access = MailAccess("127.0.0.1", post.port, "starttls", SENDER, USER, PASSWORD)
        assert await Mailer(access, tls=client).send(letter(), to=TO) == Delivered()
        assert post.logins == [USER.encode()]
        wrong = MailAccess("127.0.0.1", post.port, "starttls", SENDER, USER, "guess")
        refused = await Mailer(wrong, tls=client).send(letter(), to=TO)
        assert isinstance(refused, Rejected)
        assert "535" in refused.error
        assert "guess" not in repr(refused)
        assert len(post.taken) == 1


async def test_a_connection_can_be_safe_from_the_start(tmp_path: Path) -> None:
    server, client = certificate(tmp_path)
    async with mail_server(tls=server, implicit=True) as post:
        access = MailAccess("127.0.0.1", post.port, "tls", SENDER)
        assert await Mailer(access, tls=client).send(letter(), to=TO) == Delivered()


async def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    async with mail_server(tls=server, login=True) as post:
        access = MailAccess("127.0.0.1", post.port, "starttls", SENDER, USER, PASSWORD)
        refused = await Mailer(access).send(letter(), to=TO)
        assert isinstance(refused, Rejected)
        assert "no safe connection" in refused.error
        assert post.logins == []


async def test_a_server_without_tls_gets_no_password() -> None:
    async with mail_server() as post:
        access = MailAccess("127.0.0.1", post.port, "starttls", SENDER, USER, PASSWORD)
        refused = await Mailer(access).send(letter(), to=TO)
        assert isinstance(refused, Rejected)
        assert (post.logins, post.taken) == ([], [])


async def test_a_refusal_is_told_as_the_mail_servers() -> None:
    async with mail_server() as post:
        post.refuse_recipients = True
        refused = await plainly(post.port).send(letter(), to=TO)
        assert isinstance(refused, Rejected)
        assert refused.refusal is Refusal.CONTENT
        assert refused.fault is not None
        assert refused.fault.reason is Reason.MAIL_REFUSED
        assert refused.fault.args == {"address": TO, "detail": "550 no such mailbox"}


async def test_what_passes_is_tried_again() -> None:
    async with mail_server() as post:
        post.refuse = ["451 come back later"]
        again = await plainly(post.port).send(letter(), to=TO)
        assert isinstance(again, RetryAfter)
        assert "451" in again.why
        assert await plainly(post.port).send(letter(), to=TO) == Delivered()
    gone = await plainly(post.port).send(letter(), to=TO)
    assert isinstance(gone, RetryAfter)


async def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_module, "_PATIENCE", timedelta(milliseconds=200))
    over = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with server:
        again = await plainly(server.sockets[0].getsockname()[1]).send(letter(), to=TO)
        assert isinstance(again, RetryAfter)
        over.set()


async def test_a_hostile_subject_stays_one_header() -> None:
    async with mail_server() as post:
        subject = "x" * 600 + " <!channel> \u202e é"
        await plainly(post.port).send(letter(subject=subject), to=TO)
        assert post.taken[0]["Subject"] == subject
        assert post.taken[0]["Bcc"] is None
