"""A channel is told of its own domains, and of no others."""

from dataclasses import replace

import pytest

from bot.delivery import questions
from bot.delivery.links import permalink
from contracts.commands import Help, Place, Queue, Show, Source, Status, Why
from contracts.faults import Fault, Reason
from contracts.settings import DomainSettings, Settings, SlackSettings
from tests.delivery.desk import LANDED_OUTCOME, WORKSPACE_URL, Desk
from tests.delivery.rows import CHANNEL, OPERATORS

SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=(CHANNEL,), aliases=("site",)),
        "api": DomainSettings(channels=(CHANNEL,)),
        "vault": DomainSettings(channels=("C0SECRET",)),
    },
    slack=SlackSettings(operators=OPERATORS),
)


@pytest.mark.parametrize(
    ("name", "channel", "domains"),
    [
        (None, CHANNEL, ("web", "api")),
        ("web", CHANNEL, ("web",)),
        ("SITE", CHANNEL, ("web",)),
        (None, OPERATORS, ("web", "api", "vault")),
        ("vault", OPERATORS, ("vault",)),
        (None, None, ("web", "api", "vault")),
    ],
)
def test_who_may_hear_of_what(name: str | None, channel: str | None, domains: tuple[str, ...]) -> None:
    assert questions.visible_domains(name, channel, SETTINGS) == domains


@pytest.mark.parametrize(
    ("name", "channel", "reason", "suggestion"),
    [
        (None, "C0ELSEWHERE", Reason.CHANNEL_NOT_SERVED, None),
        ("vault", CHANNEL, Reason.UNKNOWN_TARGET, ""),
        ("webb", CHANNEL, Reason.UNKNOWN_TARGET, "web"),
    ],
)
def test_what_is_not_theirs_does_not_exist(
    name: str | None, channel: str, reason: Reason, suggestion: str | None
) -> None:
    wrong = questions.visible_domains(name, channel, SETTINGS)
    assert isinstance(wrong, Fault)
    assert wrong.reason is reason
    assert wrong.args.get("suggestion") == suggestion
    assert "vault" not in wrong.args.get("domains", "")


async def ask(
    desk: Desk, question: Help | Status | Queue | Show | Why, *, channel: str | None = CHANNEL
) -> str:
    said = await questions.answer(
        question,
        channel=channel,
        ledger=desk.engine.ledger,
        settings=desk.settings,
        now=desk.now,
        workspace=WORKSPACE_URL,
    )
    return said.text


async def test_questions_are_answered_from_the_rows(desk: Desk) -> None:
    for title in ("one", "two", "three"):
        await desk.accept(title=title)
    assert (await ask(desk, Queue())).split("\n") == [
        "*web*",
        "1. `patch-1` one – next, from Ada Okafor",
        "2. `patch-2` two – waiting, from Ada Okafor",
        "3. `patch-3` three – waiting, from Ada Okafor",
    ]
    assert (await ask(desk, Status("web"))).startswith(
        "*web* · next: `patch-1` one · 2 waiting, the oldest since"
    )
    assert "Waiting, number 3 in line" in await ask(desk, Show("patch-3"))
    assert (await ask(desk, Help())).startswith("Post a patch in a channel of its domain")


async def test_a_finished_patch_is_shown_with_all_that_came_of_it(desk: Desk) -> None:
    row = await desk.accept()
    await desk.carry_out(LANDED_OUTCOME)
    assert "*Landed* on `main` as `fedcba9876`" in await ask(desk, Show(row.id))


async def test_a_patch_of_another_channels_domain_does_not_exist(desk: Desk) -> None:
    row = await desk.accept(source=Source.CLI)
    unknown = f"There is no patch `{row.id}`. `queue` and `status` list them."
    assert await ask(desk, Show(row.id), channel="C0ELSEWHERE") == unknown
    hidden = {"web": DomainSettings(channels=("C0SECRET",)), "api": SETTINGS.domains["api"]}
    desk.settings = SETTINGS.model_copy(update={"domains": hidden})
    assert await ask(desk, Show(row.id)) == unknown
    assert (await ask(desk, Show("never"))).startswith("There is no patch `never`.")


async def test_a_question_about_a_wrong_domain_is_told_the_right_ones(desk: Desk) -> None:
    for question in (Status("webb"), Queue("webb")):
        assert "Did you mean `web`?" in await ask(desk, question)


async def test_a_long_queue_is_cut_and_the_rest_is_counted(desk: Desk) -> None:
    for number in range(questions.MOST_LISTED + 3):
        await desk.accept(title=f"patch {number}", source=Source.CLI)
    text = await ask(desk, Queue())
    assert text.endswith("\n… and 3 more patches")
    assert text.count("\n") == questions.MOST_LISTED + 1


async def test_a_patch_that_waits_knows_its_place_and_one_that_is_over_has_none(desk: Desk) -> None:
    rows = [await desk.accept(title=f"patch {n}", source=Source.CLI) for n in range(3)]
    ledger = desk.engine.ledger
    found = await questions.outlook_of(rows[2], ledger, desk.now)
    assert found is not None
    assert (found.position, found.obstacles.ahead) == (3, (rows[0].id, rows[1].id))
    landed = await desk.carry_out(LANDED_OUTCOME)
    assert await questions.outlook_of(await desk.row(landed.id), ledger, desk.now) is None


async def test_why_names_those_ahead_and_says_when(desk: Desk) -> None:
    rows = [await desk.accept(title=f"patch {n}", source=Source.CLI) for n in range(3)]
    assert "Nothing has run in `web` yet" in await ask(desk, Why(rows[2].id))
    await desk.carry_out(LANDED_OUTCOME)
    said = await ask(desk, Why(rows[2].id))
    assert f"Number 2 in line, behind `{rows[1].id}`." in said
    assert "It begins" in said
    assert "There is no patch `nosuch`" in await ask(desk, Why("nosuch"))
    assert "It is not clear which patch is meant" in await ask(desk, Why())


async def test_the_home_shows_lanes_queue_and_what_finished(desk: Desk) -> None:
    await desk.accept(title="one")
    await desk.accept(title="two")
    await desk.carry_out(LANDED_OUTCOME)
    view = await questions.home(("web",), ledger=desk.engine.ledger, now=desk.now)
    lanes, waiting, recent = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    assert lanes.startswith("*web* · next: `patch-2` two · nobody waits · 1 landed")
    assert waiting == "*web*\n1. `patch-2` two – next, from Ada Okafor"
    assert recent == ":white_check_mark: `patch-1` one – landed, from Ada Okafor"


ROOT = Place(CHANNEL, "1.100", "1.100")


@pytest.mark.parametrize(
    ("place", "link"),
    [
        (ROOT, "https://x.slack.com/archives/C0PATCHES/p1100"),
        (replace(ROOT, thread=None), "https://x.slack.com/archives/C0PATCHES/p1100"),
        (
            replace(ROOT, thread="1.000"),
            "https://x.slack.com/archives/C0PATCHES/p1100?thread_ts=1.000&cid=C0PATCHES",
        ),
        (Place(CHANNEL), None),
        (Place(), None),
        (None, None),
    ],
)
def test_a_message_has_an_address(place: Place | None, link: str | None) -> None:
    assert permalink(WORKSPACE_URL, place) == link
    assert permalink(None, place) is None
