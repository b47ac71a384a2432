"""Upload one file once: bring it to Slack, note its id, share it; a later try looks whether it is shown."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.delivery.posting import as_doubt, is_gone
from bot.delivery.slack import FILE_LOST, SlackSender, Uploaded
from bot.delivery.slack_answers import SOON, Answer, Missing, Rejected, RetryAfter, Unknown
from contracts.ports import Outbox
from contracts.records import Delivery


@dataclass(frozen=True, slots=True)
class File:
    """*content* is asked for when it has to be sent. *alt* says what a picture shows."""

    name: str
    title: str
    content: Callable[[], Awaitable[bytes]]
    alt: str | None = None


def ready(content: bytes) -> Callable[[], Awaitable[bytes]]:
    """The content of a file that is there already."""

    async def given() -> bytes:
        return content

    return given


async def upload_once(
    sender: SlackSender, outbox: Outbox, delivery: Delivery, file: File, *, channel: str, thread: str | None
) -> Answer:
    """Show *file* in *thread*, or as a post of its own if that is gone."""
    uploaded = delivery.progress or None
    if uploaded is not None:
        found = await sender.find_file(uploaded, channel=channel)
        if not isinstance(found, Missing):
            return as_doubt(found)
    else:
        sent = await sender.upload(await file.content(), name=file.name, alt=file.alt)
        if not isinstance(sent, Uploaded):
            return sent
        uploaded = sent.file
        if not await outbox.note(delivery.id, delivery.attempt, uploaded):
            return Unknown("another has taken the delivery over")
    answer = await sender.share(uploaded, title=file.title, channel=channel, thread=thread)
    if isinstance(answer, Rejected) and answer.error in FILE_LOST:
        # It was never shared and Slack has thrown it away: begin again.
        await outbox.note(delivery.id, delivery.attempt, "")
        return RetryAfter(SOON, f"{answer.method}: {answer.error}")
    if is_gone(answer) and thread is not None:
        return await sender.share(uploaded, title=file.title, channel=channel, thread=None)
    return answer
