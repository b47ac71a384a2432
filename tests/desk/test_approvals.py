"""What is protected waits for somebody else, who decides on exactly what lands, or on nothing."""

from pathlib import Path
from typing import Any

from bot import clock
from bot.delivery.render import turning_down
from bot.delivery.render.cards import APPROVE, TURN_DOWN
from bot.demo.peer import ADA, BEN, CLEO, PATCHES
from bot.intake import cli
from contracts.commands import Source
from contracts.faults import Reason, fault
from contracts.ports import NewEvent
from contracts.records import MessageStanding, StoredPatch
from contracts.ruling import Approve, Ruling
from contracts.settings import ApproverSettings
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.posts import command_patch, fenced, writing

WORKFLOW = ".github/workflows/ci.yml"
#: Each gate's own files would need an approval, too.
NO_GATES: dict[str, Any] = {"web": {"gates": ()}}


async def proposed(desk: Desk, *, other_than: str = "") -> StoredPatch:
    """The only one that waits for an approval, once its card has the buttons for what is proposed."""

    async def asked() -> StoredPatch | None:
        found = [row for row in await desk.patches() if row.state is PatchState.PROPOSED]
        row = found[0] if found else None
        if row is None or row.proposal is None or row.card is None:
            return None
        if row.proposal.binding == other_than:
            return None
        message = await card(desk, row)
        return row if row.proposal.binding in str(message.get("blocks")) else None

    row = await desk.until(asked)
    assert row is not None
    return row


async def card(desk: Desk, row: StoredPatch) -> dict[str, Any]:
    assert row.card is not None
    channel = row.card.channel or PATCHES.id
    messages = [*await desk.slack.peer.messages(channel)]
    if row.card.thread:
        messages += await desk.slack.peer.thread(channel, row.card.thread)
    return next(each for each in messages if each["ts"] == row.card.ts)


async def press(desk: Desk, row: StoredPatch, action: str, user: str, *, binding: str | None = None) -> None:
    """*binding*: of a card that somebody still has before them."""
    assert row.card is not None
    assert row.card.ts is not None
    assert row.proposal is not None
    value = f"{row.id} {binding or row.proposal.binding}"
    channel = row.card.channel or PATCHES.id
    await desk.slack.peer.interact(
        channel, row.card.ts, user, {"type": "button", "action_id": action, "value": value}
    )


async def asked_why(desk: Desk, row: StoredPatch, user: str) -> str:
    """What the dialog behind *Reject* shows, once it is filled."""
    filled = len(desk.slack.proxy.effects("views.update"))
    await press(desk, row, TURN_DOWN, user)
    await desk.slack.proxy.until(lambda: len(desk.slack.proxy.effects("views.update")) > filled)
    [view] = (await desk.slack.peer.views()).stack
    return everything(view)


async def reject(desk: Desk, row: StoredPatch, user: str, why: str = "") -> None:
    await asked_why(desk, row, user)
    entered = {turning_down.WHY: {turning_down.WHY: {"type": "plain_text_input", "value": why or None}}}
    sent = await desk.slack.peer.view_submit(user, entered)
    assert (sent.stack, sent.errors) == ((), {})


async def whispered(desk: Desk, words: str, *, user: str) -> None:
    async def told() -> bool:
        calls = desk.slack.proxy.effects("chat.postEphemeral")
        return any(words in everything(call.args) and call.args["user"] == user for call in calls)

    await desk.until(told)


async def says(desk: Desk, ts: str, words: str) -> None:
    async def said() -> bool:
        return any(words in each for each in await desk.answers(ts))

    await desk.until(said)


async def test_a_patch_to_a_workflow_waits_until_another_approves_what_the_thread_shows(
    tmp_path: Path,
) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        ts = await desk.say(writing(WORKFLOW, "on: push\n"))
        row = await proposed(desk)
        assert desk.origin.landed() == []
        shown = everything(await card(desk, row))
        assert "Needs an approval." in shown
        assert f"`{WORKFLOW}` is protected (`.github/**`)." in shown
        await says(desk, ts, "Somebody else who may change the domain")
        await says(desk, ts, f"file {row.id}.diff")
        [diff] = [file for each in await desk.thread(ts) for file in each.get("files") or ()]
        assert "+on: push" in await desk.content(diff)

        await press(desk, row, APPROVE, ADA.id)
        await whispered(desk, "You asked for it yourself", user=ADA.id)
        assert (await desk.patch()).state is PatchState.PROPOSED

        await press(desk, row, APPROVE, BEN.id)
        [landed] = await desk.finished()
        assert landed.state is PatchState.LANDED
        assert desk.origin.read(WORKFLOW) == "on: push\n"
        await says(desk, ts, f"{BEN.real_name} approved it.")
        await says(desk, ts, f"Approved by {BEN.real_name}")


async def test_a_lane_goes_on_beside_what_waits_for_an_approval(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        await desk.say(writing(WORKFLOW))
        waiting = await proposed(desk)
        await desk.say(writing("other.txt"))
        [landed] = await desk.finished()
        assert (landed.id != waiting.id, landed.state) == (True, PatchState.LANDED)
        assert desk.origin.landed() == [landed.id]


async def test_one_byte_of_the_base_voids_an_approval_and_an_old_card_decides_nothing(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        desk.origin.commit({WORKFLOW: "on: push\n# 1\n"}, "A workflow")
        await desk.say(writing(WORKFLOW, "on: pull_request\n"))
        first = await proposed(desk)
        assert first.proposal is not None
        desk.origin.commit({WORKFLOW: "on: push\n# 2\n"}, "One byte")

        await press(desk, first, APPROVE, BEN.id)
        second = await proposed(desk, other_than=first.proposal.binding)
        assert desk.origin.landed() == []
        assert f"What {BEN.real_name} approved is not what would land now" in everything(
            await card(desk, second)
        )

        await press(desk, second, APPROVE, BEN.id, binding=first.proposal.binding)
        await whispered(desk, "is not what that card showed any more", user=BEN.id)
        await press(desk, second, APPROVE, BEN.id)
        [landed] = await desk.finished()
        assert (landed.state, desk.origin.read(WORKFLOW)) == (PatchState.LANDED, "on: pull_request\n")


async def test_words_in_the_thread_decide_like_the_buttons(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        ts = await desk.say(writing(WORKFLOW))
        row = await proposed(desk)
        await desk.say(f"<@U0PATCHDESK> reject {row.id} not before the release", user=BEN.id, thread=ts)
        [over] = await desk.finished()
        assert (over.state, desk.origin.landed()) == (PatchState.REJECTED, [])
        await says(desk, ts, f"{BEN.real_name} did not approve it (not before the release)")

        async def marked() -> bool:
            return await desk.marks(ts) == ["x"]

        await desk.until(marked)

        ts = await desk.say(writing(WORKFLOW, "again\n"))

        async def waits() -> bool:
            return any(each.state is PatchState.PROPOSED for each in await desk.patches())

        await desk.until(waits)
        await desk.say("<@U0PATCHDESK> approve", user=BEN.id, thread=ts)
        await desk.finished(2)
        assert desk.origin.read(WORKFLOW) == "again\n"


async def test_only_those_whom_the_domain_names_may_decide(tmp_path: Path) -> None:
    named = ApproverSettings(users=frozenset({CLEO.id}))
    async with desk_at_work(tmp_path, domains={"web": {"gates": (), "approvers": named}}) as desk:
        ts = await desk.say(writing(WORKFLOW))
        row = await proposed(desk)
        await says(desk, ts, f"<@{CLEO.id}>")
        assert "you are not among the people who approve" in await asked_why(desk, row, BEN.id)
        await desk.slack.peer.view_close(BEN.id)
        await reject(desk, row, CLEO.id, "not *before* the release")
        [over] = await desk.finished()
        assert (over.state, desk.origin.landed()) == (PatchState.REJECTED, [])
        await says(desk, ts, f"{CLEO.real_name} did not approve it (not ∗before∗ the release)")


async def test_a_patch_grants_itself_nothing_through_the_policy_that_it_brings(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        grants = {"op": "write", "path": ".patchdesk.yml", "content": "protected: []\ncommands: allow\n"}
        change = {"op": "write", "path": WORKFLOW, "content": "on: push\n"}
        await desk.say(fenced(command_patch(grants, change, validate=["true"])))
        row = await proposed(desk)
        assert row.proposal is not None
        reasons = [dict(each.args) for each in row.proposal.reasons]
        assert [each.get("path") or each.get("field") for each in reasons] == [
            WORKFLOW,
            ".patchdesk.yml",
            "validate",
        ]
        await reject(desk, row, BEN.id)
        await desk.finished()

        # Once it is on the branch it still takes nothing away from what the operators demand.
        desk.origin.commit({".patchdesk.yml": "protected: []\ncommands: allow\n"}, "Grant it")
        await desk.say(fenced(command_patch(change, validate=["true"])))

        again = await proposed(desk)
        assert again.proposal is not None
        assert len(again.proposal.reasons) == 2


async def test_shell_lines_are_shown_exactly_and_run_once_they_are_approved(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        change = {"op": "write", "path": "new.txt", "content": "new\n"}
        ts = await desk.say(fenced(command_patch(change, validate=["echo it runs", "test -f absent.txt"])))
        row = await proposed(desk)
        await says(desk, ts, "`test -f absent.txt`")
        await press(desk, row, APPROVE, BEN.id)
        [over] = await desk.finished()
        assert (over.state, desk.origin.landed()) == (PatchState.FAILED, [])
        assert over.report is not None
        assert [(gate.name, gate.required, gate.output) for gate in over.report.gates] == [
            ("validate", True, "it runs\n")
        ]


async def test_somebody_at_the_desks_machine_decides_but_not_on_what_they_submitted_there(
    tmp_path: Path,
) -> None:
    async def says_at_a_shell(command: Ruling, login: str) -> MessageStanding | None:
        payload = cli.encode_steering(command, login=login, email="")
        event = NewEvent(Source.CLI, clock.new_key(), payload)
        recorded = await desk.engine.inbox.record(event, now=clock.now())
        return await desk.until(lambda: desk.engine.ledger.inbox_of(recorded.id))

    async with desk_at_work(tmp_path, domains=NO_GATES) as desk:
        body = command_patch({"op": "write", "path": WORKFLOW, "content": "on: push\n"}).encode()
        given = cli.encode(body, name=None, domain="web", title=None, login="ops", email="")
        await desk.engine.inbox.record(NewEvent(Source.CLI, "given", given), now=clock.now())
        row = await proposed(desk)
        refused = await says_at_a_shell(Approve(row.id), "ops")
        assert refused is not None
        assert refused.refused == fault(Reason.OWN_PATCH)
        done = await says_at_a_shell(Approve(row.id), "root")
        assert done is not None
        assert done.refused is None
        [landed] = await desk.finished()
        assert landed.state is PatchState.LANDED
