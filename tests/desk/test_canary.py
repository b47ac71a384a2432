"""Secrets that the desk holds or comes across are on no way out of it."""

import logging
from pathlib import Path

import pytest

from bot.logs import json_line
from contracts.secrets import GONE
from contracts.settings import GateSettings
from contracts.states import PatchState
from tests.contracts.test_secrets import TOKENS
from tests.desk.harness import desk_at_work
from tests.desk.posts import command_patch, fenced

#: What the gate is entrusted with looks like nothing in particular.
ENTRUSTED = "orange-canary-sings"
SHOWN = {kind: token for kind, token in TOKENS.items() if kind != "private-key"}
CANARIES = [ENTRUSTED, *(token.removesuffix("@git.example.com/x")[-12:] for token in SHOWN.values())]

GATE = GateSettings(
    name="loud",
    run=("sh", "-c", f"echo {ENTRUSTED}; cat secrets.txt; echo done; exit 1"),
    env={"PATH": "/usr/bin:/bin", "DEPLOY_WORD": ENTRUSTED},
)


async def test_no_secret_leaves_by_slack_files_commits_or_logs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    loud = {"web": {"gates": [GATE], "credentials": "report"}}
    async with desk_at_work(tmp_path, domains=loud) as desk:
        change = {"op": "write", "path": "secrets.txt", "content": "\n".join(SHOWN.values())}
        patch = command_patch(change, title=f"Use {TOKENS['github']}", summary=TOKENS["aws"])
        ts = await desk.say(fenced(patch))
        [failed] = await desk.finished()
        await desk.at_rest()
        assert failed.state is PatchState.FAILED, failed.report
        answers = await desk.answers(ts)
        [log] = [file for each in await desk.thread(ts) for file in each.get("files") or ()]
        uploaded = await desk.content(log)
        ways_out = {
            "Slack": "\n".join(repr(call.args) for call in desk.slack.proxy.effects()),
            "thread": "\n".join(answers),
            "upload": uploaded,
            "log": "\n".join(map(json_line, caplog.records)),
            **{
                str(file.relative_to(tmp_path)): file.read_text(errors="replace")
                for file in (tmp_path / "data").rglob("*")
                if file.is_file() and "desk.db" not in file.name and "repositories" not in file.parts
            },
        }
    assert "done" in uploaded
    assert GONE in uploaded
    assert any("summaries" in name for name in ways_out)
    said = {name: [each for each in CANARIES if each in text] for name, text in ways_out.items()}
    assert {name: found for name, found in said.items() if found} == {}
