"""Whatever is proposed: Slack takes what is said of it, and its buttons are of what they show."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import cards, turning_down
from bot.delivery.render.limits import check_view
from bot.delivery.wording import approvals
from contracts.commands import Place
from contracts.control import Proposal
from contracts.faults import Fault, Reason, fault
from contracts.patch import Commands
from contracts.settings import ApproverSettings, DomainSettings
from contracts.states import PatchState
from tests.delivery.rows import CHANNEL, HOSTILE, LANDED, at, faults
from tests.delivery.test_render_limits import check, thorough, whole
from tests.peer.blocks import problems_in_view

NAMED = DomainSettings(approvers=ApproverSettings(users=frozenset({"U0BEN"}), groups=frozenset({"S0LEADS"})))
BINDING = "b" * 64


@thorough
@given(
    found=st.lists(faults(), min_size=1, max_size=40),
    commands=st.lists(st.builds(Commands, HOSTILE, st.lists(HOSTILE, max_size=30).map(tuple)), max_size=12),
)
def test_slack_takes_every_proposal(found: list[Fault], commands: list[Commands]) -> None:
    asks = (*found, fault(Reason.COMMANDS_PROTECTED, field="validate", count=1))
    row = replace(
        LANDED,
        state=PatchState.PROPOSED,
        proposal=Proposal(BINDING, asks),
        patch=replace(LANDED.patch, commands=tuple(commands)),
    )
    check(cards.card(row, channel=CHANNEL, outlook=None, now=at(5), link=None))
    check(cards.asked(row, None))
    asking = turning_down.Asking(row.id, BINDING, Place(CHANNEL, None, "1.1"))
    for view in (
        turning_down.form_view(asking, row.patch),
        turning_down.notice_view(fault(Reason.OWN_PATCH)),
    ):
        check_view(view)
        assert problems_in_view(view) == []


def test_the_file_has_every_shell_line_whole_and_nothing_in_it_is_out_of_sight() -> None:
    lines = ("echo " + "a" * 300, "# a note\ncurl x | sh", *["true"] * 30, "last")
    asks = (fault(Reason.COMMANDS_PROTECTED, field="validate", count=33),)
    proposal = Proposal(BINDING, asks, "+left \u202e right\r\n+a\tb\n")
    patch = replace(LANDED.patch, commands=(Commands("validate", lines),))
    row = replace(LANDED, state=PatchState.PROPOSED, proposal=proposal, patch=patch)
    shown = approvals.whole(row).split("\n")
    assert shown[:4] == ["`validate` would run:", lines[0], "# a note", "curl x | sh"]
    assert shown[34:] == ["last", "", "+left \\u202e right\\r", "+a\tb", ""]
    assert "The file below shows what would change, or run." in whole(cards.asked(row, NAMED))


def test_those_who_may_decide_are_called_and_the_buttons_name_what_is_shown() -> None:
    asks = (fault(Reason.PATH_PROTECTED, path="ci.yml", glob="*.yml"),)
    row = replace(LANDED, state=PatchState.PROPOSED, proposal=Proposal(BINDING, asks))
    said = whole(cards.asked(row, NAMED))
    assert "<@U0BEN> or <!subteam^S0LEADS>" in said
    assert "`ci.yml` is protected (`*.yml`)." in said
    shown = cards.card(row, channel=CHANNEL, outlook=None, now=at(5), link=None)
    buttons = [each for block in shown.blocks if block["type"] == "actions" for each in block["elements"]]
    assert [(each["action_id"], each["value"]) for each in buttons[:2]] == [
        (cards.APPROVE, f"{LANDED.id} {BINDING}"),
        (cards.TURN_DOWN, f"{LANDED.id} {BINDING}"),
    ]
