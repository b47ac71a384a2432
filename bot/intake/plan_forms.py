"""The form that changes a batch of the plan: which batch, its fields, and what is recorded of them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.delivery.render import plan as forms
from bot.intake import batch_form
from bot.planning import Edited, edited
from contracts import policy
from contracts.commands import Actor, Place, Source
from contracts.faults import Fault, Reason, fault, nearest
from contracts.ports import Engine, NewEvent
from contracts.settings import Settings

Json = dict[str, Any]


class PlanForms:
    """Listens to both steps of the form. *reached* hears `recorded`."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        reached: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._reached = reached

    def attach(self, app: AsyncApp) -> None:
        app.view_submission(forms.CHOOSE)(self.chosen)
        app.view_submission(forms.CHANGE)(self.changed)

    async def form_for(self, actor: Actor, channel: str, batch: str | None) -> forms.View:
        """The form, or its first step where *batch* is None; or why there is none."""
        match policy.may_edit_plan(self._settings, actor, Place(channel)):
            case policy.Denied(why):
                return forms.notice_view(why)
            case policy.Allowed():
                return await self._form(channel, batch)

    async def _form(self, channel: str, wanted: str | None) -> forms.View:
        kept = await self._engine.plan.current()
        if not kept.plan.batches:
            return forms.notice_view(fault(Reason.NO_PLAN))
        if wanted is None:
            return forms.choose_view(kept.plan, channel)
        batch = kept.plan.batch(wanted)
        if batch is None:
            suggestion = nearest(wanted[:80], [each.id for each in kept.plan.batches])
            return forms.notice_view(fault(Reason.UNKNOWN_BATCH, id=wanted[:80], suggestion=suggestion))
        landed = await self._engine.plan.landed()
        return forms.change_view(kept, batch, channel, landed, now=self._clock())

    async def chosen(self, ack: AsyncAck, body: Json) -> None:
        """The next step takes the place of the first. Who may was asked before that was shown."""
        batch, channel = batch_form.chosen(body)
        await ack(response_action="update", view=await self._form(channel, batch))

    async def changed(self, ack: AsyncAck, body: Json) -> None:
        """What is wrong is said beside its field, where nothing typed is lost; what is right is recorded."""
        form = batch_form.changed(body)
        if form is None:
            await ack()
            return
        match await edited(form.edit, self._engine.plan):
            case Edited():
                await self._record(form.key, body)
                await ack()
            case Fault() as wrong:
                await ack(response_action="update", view=forms.notice_view(wrong))
            case wrong:
                await ack(response_action="errors", errors=forms.field_errors(wrong))

    async def _record(self, key: str, body: Json) -> None:
        event = NewEvent(Source.ACTION, key, json.dumps(body).encode())
        await self._engine.inbox.record(event, now=self._clock())
        self._reached("recorded")
