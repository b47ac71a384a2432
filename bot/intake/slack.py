"""What the desk does when Slack says something: record it, then acknowledge it.

A listener that raises is not acknowledged (`process_before_response`), so that Slack says it again. What
only shows something (a list, a form, the App Home) is answered at once and not recorded.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.render import alerts, cards, dialogs, plan, sets, turning_down
from bot.delivery.render.answers import fault as said_fault
from bot.delivery.render.blocks import Message as Said
from bot.delivery.slack import ask
from bot.delivery.slack_answers import Rejected, Reply, RetryAfter, Success, Unknown
from bot.intake import actions, events
from bot.intake.connection import CannotStartError, Connection
from bot.intake.events import Filled, Sender
from bot.intake.forms import form_for, problems, rejection_for
from bot.intake.people import People
from bot.intake.plan_forms import PlanForms
from bot.submit import Trouble
from bot.supervise import Errands
from contracts.alerts.model import Labels, Matcher, Operator
from contracts.commands import (
    ActorKind,
    Ignore,
    OpenDialog,
    OpenPlanForm,
    Question,
    Source,
    Tending,
    parse_words,
)
from contracts.faults import Fault, Reason, fault
from contracts.ports import Engine, NewEvent
from contracts.ruling import Ruling
from contracts.settings import Settings
from contracts.steering import Steering

COMMAND: Final = "/patch"
#: A trigger lives three seconds, and the acknowledgement has to be back by then too.
_TRIGGER: Final = timedelta(seconds=2.5)
_TRIES: Final = 3
_PAUSE: Final = timedelta(seconds=1)

Json = dict[str, Any]
log = logging.getLogger(__name__)
_bolt_log = logging.getLogger("slack_bolt")


class Answering(Protocol):
    async def __call__(self, question: Question, *, channel: str | None, now: datetime) -> Said: ...


class Home(Protocol):
    async def __call__(self, user: str, *, now: datetime) -> dialogs.View: ...


class Listeners:
    """*answering* looks a question's answer up, *home* draws the App Home. *reached* hears `recorded`."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        slack: Connection,
        people: People,
        errands: Errands,
        *,
        answering: Answering,
        home: Home,
        clock: Callable[[], datetime],
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._ourselves = slack.ourselves
        self._client = slack.client
        self._people = people
        self._errands = errands
        self._answering = answering
        self._home = home
        self._clock = clock
        self._reached = reached
        self._plan_forms = PlanForms(engine, settings, clock=clock, reached=reached)

    def attach(self, app: AsyncApp) -> None:
        """Every listener there is; the most frequent first, because each costs a little of every event."""
        app.event("message")(self.heard)
        app.event("app_mention")(self.heard)
        app.command(COMMAND)(self.asked)
        app.view_submission(dialogs.CALLBACK)(self.filled)
        for action in (*alerts.ACTIONS, *cards.ACTIONS.values(), *cards.RULINGS, sets.STOP_ALL):
            app.action(action)(self.acted)
        for dialog_of_alerts in (alerts.SNOOZE_CALLBACK, alerts.SILENCE_CALLBACK):
            app.view_submission(dialog_of_alerts)(self.sent_off)
        app.view_submission(turning_down.CALLBACK)(self.acted)
        self._plan_forms.attach(app)
        app.message_shortcut(events.SHORTCUT)(self.picked)
        app.event("app_home_opened")(self.home_opened)
        app.error(self.went_wrong)

    # Recorded ----------------------------------------------------------------------------------
    async def heard(self, body: Json) -> None:
        heard = events.read(body, self._ourselves)
        if not isinstance(heard, Ignore):
            await self._record(Source.SLACK, heard.key, body)

    async def picked(self, ack: AsyncAck, body: Json) -> None:
        await self.heard(body)
        await ack()

    async def filled(self, ack: AsyncAck, body: Json) -> None:
        """What is wrong is said beside its field, where nothing typed is lost; what is right is recorded."""
        heard = events.read(body, self._ourselves)
        if not isinstance(heard, Filled):
            await ack()
            return
        if wrong := problems(heard, self._settings):
            await ack(response_action="errors", errors=dialogs.field_errors(wrong))
            return
        await self._record(Source.MODAL, heard.key, body)
        await ack()

    async def acted(self, ack: AsyncAck, body: Json) -> None:
        """A button or select of a card. What opens a dialog is answered at once and not recorded."""
        match actions.read(body):
            case actions.Wanted() as wanted:
                await ack()
                await self._open_dialog(wanted)
            case actions.WhyWanted() as wanted:
                await ack()
                await self._open_rejection(wanted)
            case actions.Pressed(key=key):
                await self._record(Source.ACTION, key, body)
                await ack()
            case _:
                await ack()

    async def sent_off(self, ack: AsyncAck, body: Json) -> None:
        form = actions.read(body)
        if not isinstance(form, actions.Timed):
            await ack()
            return
        if wrong := await self._problems(form):
            errors = {field: alerts.field_error(each) for field, each in wrong.items()}
            await ack(response_action="errors", errors=errors)
            return
        await self._record(Source.ACTION, form.key, body)
        await ack()

    async def _problems(self, form: actions.Timed) -> Mapping[str, Fault]:
        """None if Slack does not say in time where the person lives: then they hear of it a little later."""
        try:
            async with asyncio.timeout(_TRIGGER.total_seconds()):
                zone = await self._people.zone_of(form.sender.id)
        except TimeoutError:
            return {}
        return actions.problems(form, self._clock(), zone)

    async def _record(self, source: Source, key: str, body: Json) -> None:
        await self._engine.inbox.record(NewEvent(source, key, json.dumps(body).encode()), now=self._clock())
        self._reached("recorded")

    # Answered at once --------------------------------------------------------------------------
    async def asked(self, ack: AsyncAck, body: Json) -> None:
        """A slash command: its answer is the acknowledgement, and only the one who asked sees it."""
        asked = parse_words(body.get("text") or "")
        if isinstance(asked, Tending | Steering | Ruling):
            await self._change(body)
            await ack()
            return
        match asked:
            case OpenDialog(domain=domain):
                said = await self._open_form(body, domain)
            case OpenPlanForm(batch=batch):
                said = await self._open_plan_form(body, batch)
            case Fault() as unknown:
                said = said_fault(unknown)
            case question:
                said = await self._answering(question, channel=body["channel_id"], now=self._clock())
        if said is None:
            await ack()
        else:
            await ack(text=said.text, blocks=list(said.blocks), response_type="ephemeral")

    async def _change(self, body: Json) -> None:
        """A slash command that changes something is recorded like a button; its answer follows."""
        asked = actions.read(body)
        if isinstance(asked, actions.Pressed):
            await self._record(Source.ACTION, asked.key, body)

    async def _open_form(self, body: Json, domain: str | None) -> Said | None:
        """Open it first, for the trigger will not wait until we know who asks; then fill it."""
        view = await self._opened(body["trigger_id"], dialogs.loading_view())
        if isinstance(view, Fault):
            return said_fault(view)
        self._errands.start("filling the form", self._fill(view, body["user_id"], body["channel_id"], domain))
        return None

    async def _open_plan_form(self, body: Json, batch: str | None) -> Said | None:
        view = await self._opened(body["trigger_id"], plan.loading_view())
        if isinstance(view, Fault):
            return said_fault(view)
        filling = self._fill_plan_form(view, body["user_id"], body["channel_id"], batch)
        self._errands.start("filling the form of the plan", filling)
        return None

    async def _fill_plan_form(self, view: str, user: str, channel: str, batch: str | None) -> None:
        actor = await self._people.find(Sender(ActorKind.PERSON, user))
        if isinstance(actor, Trouble):
            form = plan.notice_view(actor.fault)
        else:
            form = await self._plan_forms.form_for(actor, channel, batch)
        await self._show("views.update", {"view_id": view, "view": form})

    async def _opened(self, trigger: str, view: dialogs.View) -> str | Fault:
        """The id of the dialog that is open now, or why there is none."""
        try:
            async with asyncio.timeout(_TRIGGER.total_seconds()):
                reply = await ask(self._client, "views.open", json={"trigger_id": trigger, "view": view})
        except TimeoutError:
            return fault(Reason.FORM_NOT_OPENED, detail="Slack took too long")
        match reply:
            case Success({"view": {"id": str(id_)}}):
                return id_
            case _:
                return fault(Reason.FORM_NOT_OPENED, detail=why(reply))

    async def _open_dialog(self, wanted: actions.Wanted) -> None:
        """Who pressed sees whether it is there; if not, pressing again costs nothing."""
        view = await self._opened(wanted.trigger, alerts.loading_view(wanted.callback))
        if isinstance(view, Fault):
            log.warning("a dialog about alert %s was not opened: %s", wanted.asking.group, dict(view.args))
            return
        self._errands.start("filling a dialog about alerts", self._fill_dialog(view, wanted))

    async def _fill_dialog(self, view: str, wanted: actions.Wanted) -> None:
        group = await self._engine.alerts.group(wanted.asking.group)
        if group is None:
            missing = fault(Reason.UNKNOWN_ALERT, id=wanted.asking.group[:80])
            form = alerts.notice_view(wanted.callback, missing)
        elif wanted.callback == alerts.SNOOZE_CALLBACK:
            form = alerts.snooze_view(wanted.asking)
        else:
            form = alerts.silence_view(wanted.asking, exactly(group.labels))
        await self._show("views.update", {"view_id": view, "view": form})

    async def _open_rejection(self, wanted: actions.WhyWanted) -> None:
        view = await self._opened(wanted.trigger, turning_down.loading_view())
        if isinstance(view, Fault):
            log.warning("the dialog to reject a patch was not opened: %s", dict(view.args))
            return
        self._errands.start("filling the dialog to reject a patch", self._fill_rejection(view, wanted))

    async def _fill_rejection(self, view: str, wanted: actions.WhyWanted) -> None:
        """Who could not reject it is told so before they write down why."""
        form = await rejection_for(wanted, self._people, self._engine.ledger, self._settings)
        await self._show("views.update", {"view_id": view, "view": form})

    async def _fill(self, view: str, user: str, channel: str, domain: str | None) -> None:
        actor = await self._people.find(Sender(ActorKind.PERSON, user))
        if isinstance(actor, Trouble):
            form = dialogs.notice_view(actor.fault)
        else:
            form = form_for(actor, channel, domain, self._settings)
        await self._show("views.update", {"view_id": view, "view": form})

    async def home_opened(self, event: Json) -> None:
        if event.get("tab", "home") == "home":
            self._errands.start("drawing the App Home", self._publish_home(event["user"]))

    async def _publish_home(self, user: str) -> None:
        await self._show(
            "views.publish", {"user_id": user, "view": await self._home(user, now=self._clock())}
        )

    async def _show(self, method: str, arguments: Json) -> None:
        """Bring a view to somebody who is looking at another; showing it twice is showing it once."""
        for left in reversed(range(_TRIES)):
            match await ask(self._client, method, json=arguments, repeatable=True):
                case RetryAfter(wait=wait) if left:
                    await asyncio.sleep(wait.total_seconds())
                case Success():
                    return
                case reply:
                    log.warning("%s did not succeed: %s", method, why(reply))
                    return

    # Everything else ---------------------------------------------------------------------------
    async def went_wrong(self, error: Exception, body: Json) -> BoltResponse | None:
        """What nobody listens to is acknowledged, or Slack would repeat it; what failed is not."""
        if isinstance(error, BoltUnhandledRequestError):
            return BoltResponse(status=200)
        log.error("%s is not acknowledged", body.get("type") or body.get("command"), exc_info=error)
        return None


def exactly(labels: Labels) -> tuple[Matcher, ...]:
    """The matchers that hold for what has these labels."""
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in sorted(labels.items()))


def why(reply: Reply) -> str:
    match reply:
        case Rejected(error=error):
            return error
        case RetryAfter(why=reason) | Unknown(why=reason):
            return reason
        case Success():
            return "an answer without what was asked for"


async def bolt_app(client: AsyncWebClient, listeners: Listeners) -> AsyncApp:
    """The app with its *listeners*, ready for the first event. Raises CannotStartError.

    Requests are verified before they come here, our own posts are known by `events`.
    """
    # Bolt looks for a token in the environment too, and warns that the client's is the one it uses.
    _bolt_log.setLevel(logging.ERROR)
    app = AsyncApp(
        name="patchdesk",
        logger=_bolt_log,
        client=client,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        ssl_check_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )
    _bolt_log.setLevel(logging.NOTSET)
    listeners.attach(app)
    await _warm_up(app)
    return app


async def _warm_up(app: AsyncApp) -> None:
    """Have Bolt ask Slack who we are now. On the first event it would drop the event if Slack said no.

    It is asked by an event that nobody sends and nobody listens to.
    """
    for _ in range(_TRIES):
        request = AsyncBoltRequest(
            body={"type": "event_callback", "event": {"type": "warm_up"}}, mode="socket_mode"
        )
        await app.async_dispatch(request)
        if request.context.authorize_result is not None:
            return
        await asyncio.sleep(_PAUSE.total_seconds())
    raise CannotStartError(fault(Reason.SLACK_SILENT, address=app.client.base_url, detail="auth.test"))
