"""One submission to Patches and Rejections, block by block."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, assert_never

from contracts.commands import Part, Submit
from contracts.faults import Fault, Reason, Rejection, fault, nearest
from contracts.formats.blocks import read_blocks
from contracts.formats.codex import read_codex
from contracts.formats.command import read_command
from contracts.formats.context import Context
from contracts.formats.describe import one_line
from contracts.formats.detect import MOST_LINES, Block, Format, blocks
from contracts.formats.diff import DiffText, FileDiff, normalise, read_diff
from contracts.formats.document import Fields, Text
from contracts.formats.fences import MOST_BLOCKS
from contracts.formats.findings import Findings, kind_of
from contracts.formats.json_text import read_json
from contracts.formats.mail import Mail, envelopes, read_mail
from contracts.formats.spellings import ROLE
from contracts.formats.target import default_domain
from contracts.formats.yaml_text import read_yaml
from contracts.patch import Diff, Patch, build_changeset, paths_of
from contracts.secrets import redact

Result = Patch | Rejection

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_SHOWN: Final = 80


def read(submit: Submit, context: Context) -> tuple[Result, ...]:
    """Everything in *submit* that is a patch or wants to be one, in its order; chatter gives nothing.

    A block for several domains gives a Patch for each. What is wrong with a block is one Rejection; its
    positions are lines of the message, or of the file that it names. Only what was said to the desk on
    purpose is answered where there is no patch in it at all.
    """
    found: list[Result] = []
    for block in blocks(submit.parts, context.limits.block):
        if block.number > MOST_BLOCKS:
            if found or submit.addressed:
                found.append(_rejection(block, (fault(Reason.TOO_MANY_BLOCKS, most=MOST_BLOCKS, line=1),)))
            break
        found += map(_safe_to_repeat, _read_block(block, submit, context))
    if submit.parts and submit.addressed and not found:
        name = submit.parts[0].name
        found.append(Rejection(1, (fault(Reason.NO_PATCH_FOUND, file=name),), name))
    return tuple(found)


def _safe_to_repeat(result: Result) -> Result:
    """*result* without credentials in the words around what it does: they go into commits and channels."""
    if isinstance(result, Rejection):
        return result
    return replace(
        result,
        title=redact(result.title),
        body=redact(result.body),
        label=None if result.label is None else redact(result.label),
        details={name: redact(value) for name, value in result.details.items()},
    )


def _read_block(block: Block, submit: Submit, context: Context) -> tuple[Result, ...]:
    if too_large := _too_large(block, context.limits.block):
        return (_rejection(block, (too_large,)),) if block.wants or submit.addressed else ()
    match block.format:
        case None:
            return ()
        case Format.DIFF:
            return _read_diff(block, submit, context)
        case Format.JSON | Format.YAML:
            return _read_document(block, submit, context)
        case Format.CODEX | Format.BLOCKS:
            return _read_edits(block, submit, context)
        case _:
            assert_never(block.format)


def _too_large(block: Block, most: int) -> Fault | None:
    if block.size > most:
        return fault(Reason.BLOCK_TOO_LARGE, size=block.size, most=most, line=1)
    lines = block.text.count("\n")
    return fault(Reason.TOO_MANY_LINES, count=lines, most=MOST_LINES, line=1) if lines > MOST_LINES else None


def _rejection(block: Block, faults: tuple[Fault, ...]) -> Rejection:
    return Rejection(block.number, tuple(_placed(each, block.part) for each in faults), block.part.name)


def _placed(wrong: Fault, part: Part) -> Fault:
    """*wrong* where people can find it: in the message that *part* is of, or in its file."""
    line = wrong.line + part.first_line - 1 if wrong.line is not None else None
    return replace(wrong, line=line, file=part.name)


# command_patch ---------------------------------------------------------------------------------
def _read_document(block: Block, submit: Submit, context: Context) -> tuple[Result, ...]:
    wanted = block.wants or submit.addressed
    if not_text := _not_utf8(block.text):
        return (_rejection(block, (not_text,)),) if wanted else ()
    document = (read_json if block.format is Format.JSON else read_yaml)(block.text)
    findings = Findings(document.faults)
    if document.root is None:
        return (_rejection(block, findings.in_order()),) if wanted else ()
    if not isinstance(document.root, Fields):
        findings.blame(Reason.NOT_A_MAPPING, document.root.at, found=kind_of(document.root))
        return (_rejection(block, findings.in_order()),) if wanted else ()
    if not _says_it_is_one(document.root, findings) and not submit.addressed:
        return ()
    patches = read_command(document.root, block.number, submit, context, findings)
    return patches or (_rejection(block, findings.in_order()),)


def _not_utf8(text: str) -> Fault | None:
    if text.isascii():
        return None
    found = _SURROGATE.search(text)
    if found is None:
        return None
    before = text[: found.start()]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return fault(Reason.NOT_UTF8, offset=len(before.encode()), line=line, column=column)


def _says_it_is_one(root: Fields, findings: Findings) -> bool:
    """True if *root* says or nearly says `role: command_patch`; only nearly is noted as a fault."""
    for entry in root.entries:
        if not isinstance(entry.value, Text):
            continue
        said = entry.value.value[:_SHOWN]
        if entry.key == "role":
            if said == ROLE:
                return True
            if suggestion := nearest(said, (ROLE,)):
                findings.blame(Reason.WRONG_ROLE, entry.value.at, role=said, suggestion=suggestion)
                findings.name("role", entry.value)
                return True
        elif said == ROLE and (suggestion := nearest(entry.key[:_SHOWN], ("role",))):
            key = entry.key[:_SHOWN]
            findings.blame(
                Reason.UNKNOWN_FIELD, entry.at, field=key, where="the block", suggestion=suggestion
            )
            return True
    return False


# Edits by whole lines --------------------------------------------------------------------------
def _read_edits(block: Block, submit: Submit, context: Context) -> tuple[Result, ...]:
    if not_text := _not_utf8(block.text):
        return (_rejection(block, (not_text,)),)
    findings = Findings()
    domain = default_domain(submit.domain, context)
    prefixes: tuple[str, ...] = ()
    if isinstance(domain, Fault):
        findings.add(replace(domain, line=1, column=1))
    else:
        prefixes = context.prefixes.get(domain, ())
    if block.format is Format.CODEX:
        edits = read_codex(block.text, prefixes, context.limits.files)
    else:
        edits = read_blocks(block.text, block.part.above, prefixes)
    findings.extend(edits.faults)
    if isinstance(domain, Fault) or edits.faults:
        return (_rejection(block, findings.in_order()),)
    changeset = build_changeset(edits.mutations, context.limits)
    if isinstance(changeset, Fault):
        return (_rejection(block, (replace(changeset, line=1, column=1),)),)
    named = dict.fromkeys(path for mutation in edits.mutations for path in paths_of(mutation))
    title = submit.title or ", ".join(named)
    return (Patch(domain, changeset, one_line(title), block=block.number),)


# Diffs -----------------------------------------------------------------------------------------
def _read_diff(block: Block, submit: Submit, context: Context) -> tuple[Result, ...]:
    if not block.wants:
        return ()
    domain = default_domain(submit.domain, context)
    recount = isinstance(domain, str) and domain in context.recounting
    text = read_diff(block.text.encode("utf-8", "surrogateescape"), context.limits, recount=recount)
    findings = Findings()
    if isinstance(domain, Fault):
        findings.add(replace(domain, line=1, column=1))
    prefixes = context.prefixes.get(domain, ()) if isinstance(domain, str) else ()
    begins = envelopes(block.text)
    diffs: list[Diff] = []
    for each in _each_mail(text, begins):
        made = normalise(each, prefixes)
        if isinstance(made, Diff):
            diffs.append(made)
        else:
            findings.extend(made)
    if isinstance(domain, Fault) or findings:
        return (_rejection(block, findings.in_order()),)
    changeset = build_changeset(tuple(diffs), context.limits)
    if isinstance(changeset, Fault):
        return (_rejection(block, (replace(changeset, line=1, column=1),)),)
    mail = _mail_around(text, block.text)
    named = dict.fromkeys(path for diff in diffs for path in paths_of(diff))
    title = submit.title or (mail.subject if mail else "") or ", ".join(named)
    details = {"author": mail.author, "date": mail.date} if mail else {}
    body = mail.body if mail else ""
    # The commits of a series become one, which then has no single author.
    author = mail.written_by() if mail and len(begins) < 2 else None
    return (
        Patch(domain, changeset, one_line(title), body, details=details, block=block.number, author=author),
    )


def _each_mail(text: DiffText, begins: Sequence[int]) -> Sequence[DiffText]:
    """*text* as the diffs of its mails: the commits of a series change one file after another."""
    if len(begins) < 2 or text.faults:
        return (text,)
    mails: dict[int, list[FileDiff]] = {}
    for file in text.files:
        mails.setdefault(bisect_right(begins, file.at), []).append(file)
    return [DiffText(tuple(files), ()) for files in mails.values()] or (text,)


def _mail_around(text: DiffText, whole: str) -> Mail | None:
    return read_mail("\n".join(whole.split("\n")[: text.files[0].at]))
