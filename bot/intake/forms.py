"""The dialogs of the desk: what is wrong with what was entered, and what they show once they are open."""

from bot.approving import ruled_on
from bot.delivery.render import dialogs, turning_down
from bot.intake.actions import WhyWanted
from bot.intake.events import Filled
from bot.intake.gather import dialog
from bot.intake.people import People
from bot.submit import Trouble
from contracts import policy
from contracts.commands import Actor, Place
from contracts.faults import Fault, Reason, Rejection, fault
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.ports import Ledger
from contracts.ruling import TurnDown
from contracts.settings import Settings


def problems(filled: Filled, settings: Settings) -> tuple[Fault, ...]:
    """What is wrong with what was entered, in the order of the text."""
    results = read(dialog(filled), Context.of(settings, filled.place))
    return tuple(wrong for each in results if isinstance(each, Rejection) for wrong in each.faults)


async def rejection_for(
    wanted: WhyWanted, people: People, ledger: Ledger, settings: Settings
) -> dialogs.View:
    """The dialog that rejects what was shown, or why there is none for whoever pressed."""
    actor, asking = await people.find(wanted.sender), wanted.asking
    if isinstance(actor, Trouble):
        return turning_down.notice_view(actor.fault)
    command = TurnDown(asking.patch, binding=asking.binding)
    meant = await ruled_on(command, actor, asking.place, ledger, settings)
    if isinstance(meant, Fault):
        return turning_down.notice_view(meant)
    patch, _ = meant
    return turning_down.form_view(asking, patch.patch)


def form_for(actor: Actor, channel: str, wanted: str | None, settings: Settings) -> dialogs.View:
    """The form with the domains that *actor* may submit to from *channel*, or why there are none."""
    here = settings.domains_of(channel)
    decisions = {name: policy.may_submit(settings, actor, name, Place(channel)) for name in here}
    open_to = [name for name, decision in decisions.items() if isinstance(decision, policy.Allowed)]
    if not open_to:
        refusals = (each.fault for each in decisions.values() if isinstance(each, policy.Denied))
        return dialogs.notice_view(next(refusals, fault(Reason.CHANNEL_NOT_SERVED)))
    chosen = settings.domain_names().get((wanted or "").casefold())
    return dialogs.submit_view(open_to, domain=chosen, metadata=channel)
