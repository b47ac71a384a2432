"""Binary patches: the bytes come from the patch alone, and only onto the bytes it was made for."""

import base64
import random
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.formats.diff import normalise, read_diff
from contracts.patch import Diff, FileHeader, Limits
from executor.changeset.binary import decode_binary
from executor.changeset.sections import Section, split
from tests.executor.conftest import Builder
from tests.executor.diffs import diff_between, without_index
from tests.executor.repositories import Content, Repo, make_repo

On = Callable[[Mapping[str, Content]], Builder]


def _lines(kind: bytes, data: bytes) -> tuple[bytes, ...]:
    """*data* as one direction of a binary patch."""
    packed = zlib.compress(data)
    letter = bytes([len(packed) + (ord("A") - 1 if len(packed) < 27 else ord("a") - 27)])
    return (b"%s %d\n" % (kind, len(data)), letter + base64.b85encode(packed, pad=True) + b"\n", b"\n")


NOISE = random.Random(7).randbytes(6000)
MOST = 1 << 20


async def test_binary_files_come_change_move_and_go_as_git_says(on: On) -> None:
    builder = on({"edited": NOISE, "moved": NOISE[::-1], "gone": b"\0gone", "small": b"\0\1"})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    repo.git("mv", "moved", "there")
    repo.git("rm", "-q", "gone")
    new = repo.commit(
        {
            "edited": NOISE[:3000] + b"\0inserted" + NOISE[3000:],
            "there": NOISE[::-1] + b"\0end",
            "small": b"\0\2",
            "new": (bytes(range(256)) * 3, 0o755),
            "text": b"and text\n",
        }
    )
    made = diff_between(repo, "main", new, "-M")
    assert b"\ndelta " in made.body
    assert b"\nliteral " in made.body
    assert await builder.files(made) == repo.at(new)


async def test_a_binary_diff_as_it_is_posted_lands(on: On) -> None:
    builder = on({"edited": NOISE, "text": b"1\n"})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({"edited": NOISE[:3000] + b"\0" + NOISE[3000:], "text": b"2\n", "new": b"\0new"})
    posted = b"Here it is:\n\n" + repo.raw("diff", "--binary", "main", new)
    made = normalise(read_diff(posted, Limits()), ())
    assert isinstance(made, Diff)
    assert await builder.files(made) == repo.at(new)


async def test_a_binary_patch_for_other_bytes_is_refused(on: On) -> None:
    builder = on({"a": NOISE})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({"a": NOISE[:3000] + b"\0" + NOISE[3000:]})
    made = diff_between(repo, "main", new)
    repo.git("checkout", "-q", "main")
    repo.commit({"a": b"\1" + NOISE[1:]})
    wrong = await builder.refusal(made)
    assert (wrong.reason, wrong.args["detail"]) == (
        Reason.DIFF_DOES_NOT_APPLY,
        "it was made for other bytes than those on the branch",
    )


async def test_a_binary_patch_that_does_not_make_what_it_says_is_refused(on: On) -> None:
    builder = on({"a": NOISE})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({"a": NOISE[:3000] + b"\0" + NOISE[3000:]})
    made = diff_between(repo, "main", new)
    lied = made.body.replace(repo.git("rev-parse", f"{new}:a").strip().encode(), b"1" * 40)
    wrong = await builder.refusal(Diff(lied, made.files))
    assert wrong.args["detail"] == "it does not make what its index line says"


@pytest.mark.parametrize("on_branch", [b"\0one", b"\0two"])
async def test_without_ids_the_way_back_must_bring_the_bytes_on_the_branch(on: On, on_branch: bytes) -> None:
    builder = on({"a": b"\0one"})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({"a": b"\0three"})
    made = diff_between(repo, "main", new)
    repo.git("checkout", "-q", "main")
    repo.commit({"a": on_branch})
    found = await builder.build(Diff(without_index(made.body), made.files))
    assert isinstance(found, Fault) == (on_branch == b"\0two")


async def test_two_deltas_without_ids_prove_nothing(on: On) -> None:
    builder = on({"a": NOISE})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({"a": NOISE[:3000] + b"\0" + NOISE[3000:]})
    made = diff_between(repo, "main", new)
    wrong = await builder.refusal(Diff(without_index(made.body), made.files))
    assert wrong.args["detail"] == "it has no index line with whole ids that says what it was made for"


NEW = f"index {'0' * 40}..{'1' * 40}\n".encode()


def section(*lines: bytes, index: bytes = NEW) -> Section:
    body = b"diff --git a/a b/a\n" + index + b"GIT binary patch\n" + b"".join(lines)
    found = split(Diff(body, (FileHeader("a", "a"),)))
    assert not isinstance(found, Fault)
    return found[0]


@pytest.mark.parametrize(
    ("lines", "detail"),
    [
        ((), "it does not begin with literal or delta"),
        ((b"what 3\n",), "it does not begin with literal or delta"),
        ((b"literal 99999999999999\n", b"\n"), f"it makes more than {MOST} bytes"),
        ((b"literal 2\n", b"!cmZR$\n", b"\n"), "a line of it is no base85"),
        ((b"literal 2\n", b'Jcm"R$\n', b"\n"), "a line of it is no base85"),
        ((b"literal 2\n", b"zcmZR$\n", b"\n"), "a line of it has another length than it says"),
        ((b"literal 2\n", b"Dcmcmc\n", b"\n"), "it cannot be inflated"),
        ((b"literal 2\n", b"\n"), "it is shorter or longer than it says"),
        (_lines(b"delta", b"\5"), "its delta is broken"),
        (_lines(b"delta", b"\5\1"), "it was made for a file of another size"),
        (_lines(b"delta", b"\0\xff\xff\xff\x7f"), f"it makes more than {MOST} bytes"),
        (_lines(b"delta", b"\0" + b"\xff" * 20), "its delta is broken"),
        (_lines(b"delta", b"\0\1\0"), "its delta is broken"),
        (_lines(b"delta", b"\0\1\2a"), "its delta is broken"),
        (_lines(b"delta", b"\0\2\1a"), "its delta is broken"),
        (_lines(b"delta", b"\0\1\x91"), "its delta is broken"),
        (_lines(b"delta", b"\0\1\x90\1"), "its delta is broken"),
    ],
)
def test_what_is_no_binary_patch_is_said(lines: tuple[bytes, ...], detail: str) -> None:
    wrong = decode_binary(section(*lines), b"", most=MOST)
    assert isinstance(wrong, Fault)
    assert wrong.args["detail"] == detail


@pytest.fixture(scope="module")
def scratch(memory: Path) -> Repo:
    return make_repo(memory / "binary" / "repo", {"x": b""})


@settings(max_examples=50)
@given(
    old=st.binary(max_size=300),
    new=st.binary(max_size=300),
    seed=st.none() | st.integers(0, 1000),
    damage=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=3),
)
def test_what_git_writes_is_read_back_and_damage_never_passes_for_it(
    scratch: Repo, old: bytes, new: bytes, seed: int | None, damage: list[tuple[int, int]]
) -> None:
    common = random.Random(seed).randbytes(2000) if seed is not None else b""
    old, new = b"\0" + old + common, b"\0" + common + new
    before, after = scratch.commit({"a": old}), scratch.commit({"a": new})
    if old == new:
        return
    made = diff_between(scratch, before, after).body
    head, mark, rest = made.partition(b"GIT binary patch\n")
    body = bytearray(rest)
    for place, value in damage:
        body[place % len(body)] = value
    found = decode_binary(section(bytes(body), index=_index_line(head + mark)), old, most=MOST)
    assert found == new or (damage and isinstance(found, Fault))


def _index_line(head: bytes) -> bytes:
    return next(line for line in head.splitlines(keepends=True) if line.startswith(b"index "))
