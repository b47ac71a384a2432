"""What the desk mends by itself is told, counted, and done only where the domain lets it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.faults import Reason, fault
from contracts.gates import Verdict
from contracts.patch import Write
from contracts.records import StoredPatch
from contracts.settings import GateSettings, ResolveSettings
from contracts.states import PatchState
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.executor.diffs import diff
from tests.executor.repositories import Repo, make_repo
from tests.executor.shop import NEW, START, Shop, open_shop, shell

WINDOWS = b"one\r\ntwo\r\nthree\r\n"
HUNK = "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"
Opening = Callable[..., Awaitable[Shop]]


@pytest.fixture
def theirs(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "theirs.git", {"a": WINDOWS})


@pytest.fixture
async def shop_with(
    tmp_path: Path, theirs: Repo, sandbox: Supervised, workspaces: Folders
) -> AsyncIterator[Opening]:
    """A shop with these gates, whose domain resolves as it is said to."""
    async with AsyncExitStack() as stack:

        async def shop(*gates: GateSettings, **resolve: str) -> Shop:
            theirs.git("checkout", "--quiet", "--detach")
            made = await stack.enter_async_context(
                open_shop(tmp_path / "desk", theirs, sandbox, workspaces, *gates)
            )
            rules = made.settings.domains["shop"]
            changed = rules.model_copy(update={"resolve": ResolveSettings.model_validate(resolve)})
            settings = made.settings.model_copy(update={"domains": {"shop": changed}})
            return replace(made, settings=settings)

        yield shop


@pytest.fixture
def once(tmp_path: Path) -> GateSettings:
    """A gate that says no the first time it runs, and yes from then on."""
    memory = tmp_path / "memory"
    memory.mkdir()
    memory.chmod(0o777)
    return shell("moody", f"echo run; test -e {memory}/ran || {{ touch {memory}/ran; exit 1; }}")


def reasons(stored: StoredPatch) -> list[Reason]:
    assert stored.report is not None
    return [each.reason for each in stored.report.resolutions]


# Line ends -------------------------------------------------------------------------------------
async def test_a_diff_takes_the_line_ends_of_the_file_and_it_is_told(
    shop_with: Opening, theirs: Repo
) -> None:
    stored = await (await shop_with()).carry_out(diff("a", HUNK))
    assert stored.state is PatchState.LANDED
    assert theirs.at("main")["a"][1] == WINDOWS.replace(b"two", b"TWO")
    assert reasons(stored) == [Reason.TOOK_LINE_ENDS]


async def test_where_the_domain_does_not_want_it_the_diff_does_not_fit(shop_with: Opening) -> None:
    stored = await (await shop_with(line_endings="never")).carry_out(diff("a", HUNK))
    assert stored.state is PatchState.FAILED
    assert stored.report is not None
    assert stored.report.fault is not None
    assert stored.report.fault.reason is Reason.DIFF_DOES_NOT_APPLY
    assert reasons(stored) == []


async def test_nothing_is_told_of_a_diff_that_fits_as_it_is(shop_with: Opening) -> None:
    posted = diff("a", HUNK.replace("\n ", "\r\n ").replace("two\n", "two\r\n").replace("TWO\n", "TWO\r\n"))
    body = (
        posted.body.replace(b" three\n", b" three\r\n")
        .replace(b" one\n", b" one\r\n")
        .replace(b"@@\r\n", b"@@\n")
    )
    stored = await (await shop_with()).carry_out(replace(posted, body=body))
    assert (stored.state, reasons(stored)) == (PatchState.LANDED, [])


# Gates that contradict themselves ----------------------------------------------------------------
async def test_a_second_verdict_is_told_and_does_not_land_anything(
    shop_with: Opening, once: GateSettings
) -> None:
    shop = await shop_with(once)
    stored = await shop.carry_out(NEW)
    assert stored.state is PatchState.FAILED
    assert stored.report is not None
    [gate] = stored.report.gates
    assert (gate.verdict, gate.runs) == (Verdict.FAILED, (Verdict.FAILED, Verdict.PASSED))
    assert gate.is_flaky
    [counted] = await shop.engine.ledger.flaky_gates(since=START - timedelta(days=1))
    assert (counted.gate, counted.count) == ("moody", 1)


async def test_a_second_verdict_lands_only_where_the_domain_says_so_and_is_counted_too(
    shop_with: Opening, once: GateSettings
) -> None:
    shop = await shop_with(once, shell("after", "true"), flaky="auto")
    stored = await shop.carry_out(NEW)
    assert stored.state is PatchState.LANDED
    assert stored.report is not None
    first, after = stored.report.gates
    assert (first.verdict, first.why, first.output) == (Verdict.PASSED, None, "run\n")
    assert (after.verdict, after.runs) == (Verdict.PASSED, ())
    assert reasons(stored) == [Reason.TOOK_SECOND_VERDICT]
    [counted] = await shop.engine.ledger.flaky_gates(since=START - timedelta(days=1))
    assert (counted.gate, counted.count) == ("moody", 1)


@pytest.mark.parametrize("flaky", ["auto", "offer"])
async def test_a_gate_that_says_no_twice_is_not_flaky(shop_with: Opening, flaky: str) -> None:
    shop = await shop_with(shell("no", "test ! -e new"), flaky=flaky)
    stored = await shop.carry_out(NEW)
    assert stored.report is not None
    [gate] = stored.report.gates
    assert (stored.state, gate.runs) == (PatchState.FAILED, (Verdict.FAILED, Verdict.FAILED))
    assert not gate.is_flaky
    assert await shop.engine.ledger.flaky_gates(since=START - timedelta(days=1)) == ()


async def test_a_gate_runs_again_on_exactly_the_same_files(shop_with: Opening, tmp_path: Path) -> None:
    """What the first run left behind would have let the second one pass."""
    shop = await shop_with(
        shell("dirty", "test -e left-behind || { touch left-behind; exit 1; }"), flaky="auto"
    )
    assert (await shop.carry_out(NEW)).state is PatchState.FAILED


async def test_no_gate_runs_again_where_the_domain_does_not_want_it(
    shop_with: Opening, once: GateSettings
) -> None:
    stored = await (await shop_with(once, flaky="never")).carry_out(NEW)
    assert stored.report is not None
    assert (stored.state, stored.report.gates[0].runs) == (PatchState.FAILED, ())


async def test_an_advisory_gate_and_one_that_gave_no_verdict_run_once(shop_with: Opening) -> None:
    shop = await shop_with(
        shell("hint", "exit 1", required=False), shell("slow", "sleep 30", timeout=0.2), flaky="auto"
    )
    stored = await shop.carry_out(NEW)
    assert stored.report is not None
    assert [gate.runs for gate in stored.report.gates] == [(), ()]


# The tree that was seen --------------------------------------------------------------------------
async def test_a_patch_lands_as_the_tree_that_was_expected_or_not_at_all(shop_with: Opening) -> None:
    shop = await shop_with()
    stored = await shop.carry_out(NEW, expects="0" * 40)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert (stored.state, stored.report.fault.reason) == (PatchState.FAILED, Reason.BASE_MOVED)
    seen = stored.report.fault.args["found"]
    landed = await shop.carry_out(NEW, expects=seen)
    assert landed.state is PatchState.LANDED
    # The same tree comes of it only on the same base.
    again = await shop.carry_out(Write("other", b""), expects=seen)
    assert again.state is PatchState.FAILED


async def test_a_hunk_that_was_recounted_lands_and_it_is_told(shop_with: Opening) -> None:
    took = fault(Reason.TOOK_COUNTS, path="a", hunk=1, said="-9 +9", found="-3 +3")
    crlf = HUNK.replace("\n", "\r\n").replace("@@\r\n", "@@\n")
    stored = await (await shop_with(recount="auto")).carry_out(replace(diff("a", crlf), recounted=(took,)))
    assert stored.report is not None
    assert (stored.state, stored.report.resolutions) == (PatchState.LANDED, (took,))
