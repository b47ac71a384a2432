"""E-mail: one message to one address, and what the mail server's answer means for its delivery."""

import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

import aiosmtplib

from bot.delivery.slack_answers import SOON, Answer, Delivered, Rejected, RetryAfter
from bot.settings import MailAccess
from contracts.faults import Reason, fault

_PATIENCE: Final = timedelta(seconds=20)


def written(
    subject: str, text: str, *, sender: str, to: str, key: str, thread: str, now: datetime
) -> EmailMessage:
    """A mail that says what it is. *key* names this mail for ever: who gets it twice can tell.

    Mails of one *thread* (a word) are shown together by most mail programs.
    """
    host = sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = f"Patchdesk <{sender}>", to, subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{key}@{host}>"
    mail["References"] = f"<{thread}@{host}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    return mail


class Mailer:
    """Speaks with the server of *access*. *tls*: whom to trust, where that is not whom the machine trusts."""

    def __init__(self, access: MailAccess, *, tls: ssl.SSLContext | None = None) -> None:
        self._access = access
        self._tls = tls

    @property
    def sender(self) -> str:
        return self._access.sender

    async def send(self, mail: EmailMessage, *, to: str) -> Answer:
        """A lost answer only means to try again: the Message-ID is the same.

        Raises nothing of the network's. A password goes over a safe connection only, unless the access
        says `none`.
        """
        access = self._access
        try:
            await aiosmtplib.send(
                mail,
                sender=access.sender,
                recipients=[to],
                hostname=access.host,
                port=access.port,
                username=access.username,
                password=access.password,
                use_tls=access.security == "tls",
                start_tls=access.security == "starttls",
                tls_context=self._tls,
                timeout=_PATIENCE.total_seconds(),
            )
        except (aiosmtplib.SMTPException, OSError) as error:
            return _understood(error, to)
        return Delivered()


def _understood(error: Exception, address: str) -> Answer:
    match error:
        case aiosmtplib.SMTPRecipientsRefused(recipients=[first, *_]):
            return _understood(first, address)
        case aiosmtplib.SMTPResponseException(code=code, message=said) if code >= 500:
            return _refused(f"{code} {said}", address)
        case aiosmtplib.SMTPResponseException(code=code, message=said):
            return RetryAfter(SOON, f"mail: {code} {said}")
        case _ if isinstance(error, ssl.SSLError) or isinstance(error.__cause__, ssl.SSLError):
            return _refused(f"no safe connection ({error})", address)
        case OSError():
            return RetryAfter(SOON, f"mail: {type(error).__name__}")
        case _:
            # What the server does not offer, it will not offer in a minute.
            return _refused(str(error), address)


def _refused(detail: str, address: str) -> Rejected:
    said = " ".join(detail.split())
    return Rejected("mail", said, fault(Reason.MAIL_REFUSED, address=address, detail=said))
