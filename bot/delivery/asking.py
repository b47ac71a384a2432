"""Asks people for their approval: what needs it, under the card, and what would change, as a file."""

from bot.delivery.posting import Letter, post_once, thread_of_card
from bot.delivery.render import cards
from bot.delivery.slack import SlackSender
from bot.delivery.slack_answers import Answer, Delivered
from bot.delivery.uploading import File, ready, upload_once
from bot.delivery.wording import approvals
from contracts.control import Proposal
from contracts.notices import AskApproval, UploadDiff
from contracts.ports import Engine
from contracts.records import Delivery, StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState


class Asking:
    """Nobody is asked for what has been decided, or is another thing by now."""

    def __init__(self, engine: Engine, sender: SlackSender, settings: Settings) -> None:
        self._ledger = engine.ledger
        self._outbox = engine.outbox
        self._sender = sender
        self._settings = settings

    async def carry(self, delivery: Delivery, notice: AskApproval | UploadDiff) -> Answer:
        row = await self._ledger.patch(notice.patch)
        proposal = _proposed(row, notice.binding)
        if row is None or proposal is None or delivery.channel is None:
            return Delivered()
        thread = delivery.thread or thread_of_card(row.card, delivery.channel)
        if isinstance(notice, UploadDiff):
            shown = approvals.whole(row).encode()
            return await self._upload(delivery, row.id, shown, delivery.channel, thread)
        message = cards.asked(row, self._settings.domains.get(row.patch.domain))
        return await post_once(
            self._sender,
            Letter(message, delivery.channel, thread),
            key=delivery.key,
            unsure=delivery.unsure,
            since=delivery.first_tried_at,
        )

    async def _upload(
        self, delivery: Delivery, patch: str, shown: bytes, channel: str, thread: str | None
    ) -> Answer:
        file = File(f"{patch}.diff", approvals.DIFF_TITLE, ready(shown))
        return await upload_once(self._sender, self._outbox, delivery, file, channel=channel, thread=thread)


def _proposed(row: StoredPatch | None, binding: str) -> Proposal | None:
    """What waits for an approval, if it is still what *binding* says."""
    proposal = row.proposal if row is not None and row.state is PatchState.PROPOSED else None
    return proposal if proposal is not None and proposal.binding == binding else None
