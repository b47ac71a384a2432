"""What is said of a set reaches Slack once, wherever its card has to stand."""

from bot.delivery.render.sets import STOP_ALL
from tests.delivery.desk import Desk
from tests.delivery.rows import OPERATORS
from tests.engine.given import Desk as Rows
from tests.engine.test_sets import enter, members, set_of


async def test_a_set_goes_from_a_dead_channel_to_the_operators_and_is_summed_up_once(
    desk: Desk,
) -> None:
    rows = Rows(desk.engine)
    await enter(rows, *members("web", "api"))  # its channel is not there
    await desk.settle()
    card, note = await desk.said(OPERATORS)
    assert card["text"].startswith("Say same: *0 of 2 landed*: 2 next.")
    assert STOP_ALL in str(card["blocks"])
    found = await set_of(rows)
    assert found.card is not None
    assert (found.card.channel, found.card.ts) == (OPERATORS, card["ts"])

    await rows.finish(await rows.start())
    await rows.finish(await rows.start())
    await desk.crash("delivery-sent", when=lambda: any("All 2 landed" in each for each in _posted(desk)))
    await desk.settle()
    edited, again, summary = await desk.said(OPERATORS)
    assert again["ts"] == note["ts"]
    assert edited["text"].startswith("Say same: :white_check_mark: *All 2 landed.*")
    assert STOP_ALL not in str(edited["blocks"])
    assert summary["thread_ts"] == card["ts"]
    assert summary["text"].startswith(":white_check_mark: *All 2 landed.*")


def _posted(desk: Desk) -> list[str]:
    return [str(call.args["text"]) for call in desk.slack.proxy.effects("chat.postMessage")]


async def test_without_a_card_there_is_nothing_to_edit(desk: Desk) -> None:
    rows = Rows(desk.engine)
    await enter(rows, *members("web", "api"), channel=None)
    await rows.start()
    await desk.settle()
    assert desk.slack.proxy.effects() == []
