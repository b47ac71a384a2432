"""The messages of sets: their card, its edits, and what came of them."""

from typing import assert_never

from bot.delivery.links import permalink
from bot.delivery.posting import Letter, Tried, checked, post_once, thread_of_card
from bot.delivery.render import sets
from bot.delivery.render.blocks import Message
from bot.delivery.slack import SlackSender
from bot.delivery.slack_answers import Delivered
from contracts.notices import EditSet, PostSet, SumUpSet
from contracts.ports import Engine
from contracts.records import Delivery, PatchSet


class Gathering:
    """*workspace* is Slack's own address, for links to the members' cards."""

    def __init__(self, engine: Engine, sender: SlackSender, *, workspace: str | None) -> None:
        self._ledger = engine.ledger
        self._sender = sender
        self._workspace = workspace

    async def carry(self, delivery: Delivery, notice: PostSet | EditSet | SumUpSet) -> Tried:
        found = await self._ledger.patch_set(notice.set_id)
        if found is None or delivery.channel is None:
            raise LookupError(f"there is no set {notice.set_id}, or it is told of nowhere")
        links = {member.id: permalink(self._workspace, member.card) for member in found.members}
        match notice:
            case EditSet():
                return await self._edit(found, links)
            case PostSet():
                return await self._post(delivery, delivery.channel, sets.card(found, links=links), None)
            case SumUpSet():
                thread = thread_of_card(found.card, delivery.channel)
                return await self._post(delivery, delivery.channel, sets.summary(found, links=links), thread)
            case _:
                assert_never(notice)

    async def _post(self, delivery: Delivery, channel: str, message: Message, thread: str | None) -> Tried:
        answer = await post_once(
            self._sender,
            Letter(message, channel, delivery.thread or thread),
            key=delivery.key,
            unsure=delivery.unsure,
            since=delivery.first_tried_at,
        )
        return Tried(answer)

    async def _edit(self, found: PatchSet, links: sets.Links) -> Tried:
        """Nothing to edit if the card never got posted. Only the last edit must get through."""
        if found.card is None or found.card.channel is None:
            return Tried(Delivered())
        message = checked(sets.card(found, links=links))
        return Tried(await self._sender.update(message, at=found.card), lasting=not found.open)
