"""What the doctor can find, as data; `bot.cli.phrases.doctor` and `bot.delivery.wording` have the words."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from contracts.faults import Fault


class Health(enum.StrEnum):
    FINE = "fine"
    NOTE = "note"  #: works, and is worth knowing
    WRONG = "wrong"  #: something will not work
    UNKNOWN = "unknown"  #: could not be looked at, which is not fine either


class Symptom(enum.StrEnum):
    """What was found where no Fault says it; its comment names the facts."""

    PYTHON = "python"  #: version
    GIT = "git"  #: version
    GIT_OLD = "git-old"  #: version, least
    GIT_MISSING = "git-missing"  #: detail
    CONFIG = "config"  #: path, domains
    CONFIG_ABSENT = "config-absent"
    CONFIG_WRONG = "config-wrong"  #: problem
    NO_DOMAINS = "no-domains"  #: path
    DATA = "data"  #: path
    DATA_ABSENT = "data-absent"  #: path
    DATA_NOT_A_FOLDER = "data-not-a-folder"  #: path
    DATA_NOT_WRITABLE = "data-not-writable"  #: path
    DATA_OPEN = "data-open"  #: path, mode
    DATA_FULL = "data-full"  #: path, free, least
    STORE = "store"
    STORE_ABSENT = "store-absent"
    STORE_BROKEN = "store-broken"  #: problem
    ORIGIN = "origin"  #: branch, commit
    ORIGIN_UNREACHABLE = "origin-unreachable"  #: detail
    ORIGIN_NONE = "origin-none"  #: path, branch
    POLICY_FILE = "policy-file"  #: file
    POLICY_FILE_GATES = "policy-file-gates"  #: file, names (of gates that are left out)
    POLICY_FILE_UNSEEN = "policy-file-unseen"  #: file
    GATES = "gates"  #: names
    GATES_NONE = "gates-none"
    GATE_PROGRAM_MISSING = "gate-program-missing"  #: gate, program, path
    GATE_PROGRAM_CLOSED = "gate-program-closed"  #: gate, program, at
    CHANNELS_NONE = "channels-none"
    APPROVERS_NONE = "approvers-none"  #: user (the only one who may submit, too)
    APPROVERS_ONE = "approvers-one"  #: user
    PROTECTED_NONE = "protected-none"
    FREEZE_ENDLESS = "freeze-endless"  #: why
    FREEZE_OVER = "freeze-over"  #: why
    SLACK_ABSENT = "slack-absent"
    SLACK = "slack"  #: workspace, way
    SCOPES = "scopes"  #: count
    SCOPES_UNKNOWN = "scopes-unknown"
    SCOPES_MISSING = "scopes-missing"  #: scopes
    SCOPES_WELCOME = "scopes-welcome"  #: scopes
    CHANNEL = "channel"  #: channel, name
    CHANNEL_UNKNOWN = "channel-unknown"  #: channel, error
    CHANNEL_ARCHIVED = "channel-archived"  #: channel, name
    CHANNEL_STRANGE = "channel-strange"  #: channel, name
    CLOCK = "clock"  #: off (seconds)
    CLOCK_OFF = "clock-off"  #: off (seconds)
    CLOCK_BEHIND = "clock-behind"  #: path
    CLOCK_ALONE = "clock-alone"
    SANDBOX = "sandbox"  #: level
    SANDBOX_LOW = "sandbox-low"  #: level, least
    SANDBOX_LEVEL = "sandbox-level"  #: level, detail (why it does not hold here)
    SANDBOX_ROOT = "sandbox-root"  #: level, detail
    SANDBOX_LANDLOCK = "sandbox-landlock"  #: level, detail
    SANDBOX_BUBBLEWRAP = "sandbox-bubblewrap"  #: level, detail
    SANDBOX_APPARMOR = "sandbox-apparmor"  #: level, detail
    SANDBOX_NAMESPACES = "sandbox-namespaces"  #: level, detail
    SANDBOX_CGROUP = "sandbox-cgroup"  #: level, detail
    SANDBOX_NONE = "sandbox-none"


@dataclass(frozen=True, slots=True)
class Finding:
    """*area* is what was looked at (`git`, `domain shop`). *about* is a Fault, or a Symptom with *facts*."""

    area: str
    health: Health
    about: Symptom | Fault
    facts: Mapping[str, str] = field(default_factory=dict)


def found(area: str, health: Health, about: Symptom, **facts: object) -> Finding:
    return Finding(area, health, about, {name: str(value) for name, value in facts.items()})


def all_well(findings: Iterable[Finding]) -> bool:
    """True if nothing is wrong and nothing stayed unknown."""
    return all(finding.health in {Health.FINE, Health.NOTE} for finding in findings)
