"""What can be wrong, as data.

A Fault carries a Reason and the facts its sentence needs; the sentence itself is written in one
place, `bot.delivery.wording`. A reason's comment names the facts (`args`) that must come with it;
a test holds wording and comments together.
"""

import difflib
import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


class Reason(enum.StrEnum):
    # Reading a block ------------------------------------------------------------------------
    BAD_JSON = "bad-json"  #: detail
    BAD_YAML = "bad-yaml"  #: detail
    DUPLICATE_KEY = "duplicate-key"  #: key
    YAML_ALIAS = "yaml-alias"
    YAML_TAG = "yaml-tag"  #: tag
    YAML_MERGE = "yaml-merge"
    TOO_DEEP = "too-deep"  #: most
    TOO_MANY_NODES = "too-many-nodes"  #: most
    TOO_MANY_BLOCKS = "too-many-blocks"  #: most
    BLOCK_TOO_LARGE = "block-too-large"  #: size, most (bytes)
    TOO_MANY_LINES = "too-many-lines"  #: count, most
    FILE_TOO_LARGE = "file-too-large"  #: path, size, most (bytes)
    CONTENT_TOO_LARGE = "content-too-large"  #: size, most (bytes)
    TOO_MANY_FILES = "too-many-files"  #: count, most
    NOT_UTF8 = "not-utf8"  #: offset
    SMART_QUOTES = "smart-quotes"  #: found
    NO_PATCH_FOUND = "no-patch-found"
    # The meaning of a command_patch ---------------------------------------------------------
    NOT_A_MAPPING = "not-a-mapping"  #: found
    WRONG_ROLE = "wrong-role"  #: role, suggestion
    MISSING_FIELD = "missing-field"  #: field, where
    WRONG_TYPE = "wrong-type"  #: field, expected, found, quote (what to put in quotes; may be empty)
    UNKNOWN_FIELD = "unknown-field"  #: field, where, suggestion
    UNKNOWN_OPERATION = "unknown-operation"  #: operation, known, suggestion
    CONFLICTING_FIELDS = "conflicting-fields"  #: first, second
    NO_MUTATIONS = "no-mutations"
    SHELL_AS_PATCH = "shell-as-patch"
    MISSING_TARGET = "missing-target"  #: domains
    UNKNOWN_TARGET = "unknown-target"  #: target, domains, suggestion
    TARGET_BOTH = "target-both"  #: domains (and they are not exactly two)
    BAD_MODE = "bad-mode"  #: mode, quote (what to put in quotes; may be empty)
    # Paths ----------------------------------------------------------------------------------
    PATH_EMPTY = "path-empty"
    PATH_ABSOLUTE = "path-absolute"  #: path
    PATH_OUTSIDE = "path-outside"  #: path
    PATH_CONTROL = "path-control"  #: path (escaped)
    PATH_BACKSLASH = "path-backslash"  #: path
    PATH_DOTGIT = "path-dotgit"  #: path
    PATH_TOO_LONG = "path-too-long"  #: path, size, most (bytes)
    PATH_TOO_DEEP = "path-too-deep"  #: path, most
    PATH_COLLISION = "path-collision"  #: path, other
    PATH_TWICE = "path-twice"  #: path
    # Diffs, before git sees them ------------------------------------------------------------
    DIFF_NO_HEADER = "diff-no-header"
    DIFF_BAD_HEADER = "diff-bad-header"  #: text
    DIFF_CONTRADICTION = "diff-contradiction"  #: text
    DIFF_EMPTY = "diff-empty"  #: text
    DIFF_BAD_HUNK = "diff-bad-hunk"  #: text
    DIFF_HUNK_COUNT = "diff-hunk-count"  #: path, hunk, said, found
    DIFF_BINARY_STUB = "diff-binary-stub"  #: path
    DIFF_ZERO_CONTEXT = "diff-zero-context"  #: path, hunk
    DIFF_BAD_MODE = "diff-bad-mode"  #: path, mode
    DIFF_UNSURE_NAMES = "diff-unsure-names"  #: path, folder
    # Edits by whole lines (`*** Begin Patch`, search/replace) --------------------------------
    EDIT_STRAY_LINE = "edit-stray-line"  #: text
    EDIT_CUT_OFF = "edit-cut-off"  #: missing
    EDIT_NO_FILE = "edit-no-file"
    EDIT_EMPTY = "edit-empty"  #: path, chunk
    EDIT_WITHOUT_CONTEXT = "edit-without-context"  #: path, chunk
    EDIT_NOT_FOUND = "edit-not-found"  #: path, chunk, detail, expected, found
    EDIT_AMBIGUOUS = "edit-ambiguous"  #: path, chunk, count, lines
    EDIT_ANCHOR_NOT_FOUND = "edit-anchor-not-found"  #: path, chunk, text
    # Applying to the base -------------------------------------------------------------------
    FILE_MISSING = "file-missing"  #: path, suggestion
    FILE_EXISTS = "file-exists"  #: path
    NOT_A_FILE = "not-a-file"  #: path, found
    NOT_TEXT = "not-text"  #: path
    TEXT_NOT_FOUND = "text-not-found"  #: path, text, detail, expected, found
    TEXT_AMBIGUOUS = "text-ambiguous"  #: path, text, count, lines
    MATCH_COUNT = "match-count"  #: path, said, found
    TOO_MANY_MATCHES = "too-many-matches"  #: path, most
    REGEX_INVALID = "regex-invalid"  #: pattern, detail
    REGEX_TIMEOUT = "regex-timeout"  #: path, most (seconds)
    LINE_OUTSIDE = "line-outside"  #: path, said, lines
    DIFF_DOES_NOT_APPLY = "diff-does-not-apply"  #: path, hunk, detail, expected, found
    DIFF_AMBIGUOUS = "diff-ambiguous"  #: path, hunk, count, lines
    DIFF_ELSEWHERE = "diff-elsewhere"  #: path, hunk, said, at (lines)
    DIFF_MISREAD = "diff-misread"  #: seen, applied
    NEEDS_ADJUSTING = "needs-adjusting"
    NOT_OFFERED = "not-offered"  #: id
    OFFER_HIDDEN = "offer-hidden"
    NOTHING_CHANGED = "nothing-changed"
    BASE_MOVED = "base-moved"  #: expected, found (trees)
    REVERT_CONFLICT = "revert-conflict"  #: patch, files, detail, expected, found (both may be empty)
    REVERT_GONE = "revert-gone"  #: patch, commit
    # Gates ----------------------------------------------------------------------------------
    GATE_FAILED = "gate-failed"  #: gate, code
    GATE_NOT_STARTED = "gate-not-started"  #: gate, detail
    GATE_TIMED_OUT = "gate-timed-out"  #: gate, most (seconds)
    GATE_SILENT = "gate-silent"  #: gate, most (seconds)
    GATE_KILLED = "gate-killed"  #: gate, signal
    GATE_FLOODED = "gate-flooded"  #: gate, most (bytes)
    GATE_PATHS = "gate-paths"  #: when
    GATE_EARLIER = "gate-earlier"  #: gate
    CREDENTIALS_ADDED = "credentials-added"  #: path, at (line), kind, count
    COMMANDS_NOT_RUN = "commands-not-run"  #: field, count
    SANDBOX_TOO_LOW = "sandbox-too-low"  #: level, most
    SANDBOX_NONE = "sandbox-none"
    # What the domain protects ---------------------------------------------------------------
    PATH_REFUSED = "path-refused"  #: path, glob
    PATH_PROTECTED = "path-protected"  #: path, glob
    GATE_FILE_PROTECTED = "gate-file-protected"  #: path, gate
    COMMANDS_REFUSED = "commands-refused"  #: field, count
    COMMANDS_PROTECTED = "commands-protected"  #: field, count
    HOTFIX_PROTECTED = "hotfix-protected"
    NEEDS_APPROVAL = "needs-approval"  #: count
    APPROVAL_VOID = "approval-void"  #: by, count
    APPROVAL_HIDDEN = "approval-hidden"  #: name (a path, or a field of shell lines)
    GATE_NOT_ALLOWED = "gate-not-allowed"  #: gate
    POLICY_FILE_BROKEN = "policy-file-broken"  #: detail
    POLICY_WOULD_BREAK = "policy-would-break"  #: detail
    POLICY_FILE_GATE = "policy-file-gate"  #: gate
    OWN_PATCH = "own-patch"
    NOT_AN_APPROVER = "not-an-approver"  #: domain
    NOT_PROPOSED = "not-proposed"  #: id, state
    PROPOSAL_OUTDATED = "proposal-outdated"  #: id
    # What programs made of a patch's files --------------------------------------------------
    COMMANDS_CAPTURED = "commands-captured"  #: field, count
    MAY_CAPTURE = "may-capture"  #: by (fields)
    MAY_REPAIR = "may-repair"  #: by (commands)
    LEFT_TOO_MANY = "left-too-many"  #: most
    LEFT_NO_FILE = "left-no-file"  #: path, found
    LEFT_CHANGING = "left-changing"  #: path
    LEFT_UNSEEN = "left-unseen"  #: path
    LEFT_OTHER_TREE = "left-other-tree"  #: expected, found (trees)
    LEFT_NOTHING = "left-nothing"
    CAPTURED = "captured"  #: by (fields), files, count
    CAPTURED_AGAIN = "captured-again"  #: by (fields)
    REPAIRED = "repaired"  #: gate, by (commands), files, count
    REPAIR_BROKE = "repair-broke"  #: by (a command), said (its last words; may be empty)
    REPAIR_IDLE = "repair-idle"  #: by (commands)
    REPAIR_IN_VAIN = "repair-in-vain"  #: by (commands)
    # What the desk mended by itself ---------------------------------------------------------
    TOOK_LINE_ENDS = "took-line-ends"  #: path
    TOOK_COUNTS = "took-counts"  #: path, hunk, said, found
    TOOK_MOVED_LINES = "took-moved-lines"  #: path, count (of hunks)
    TOOK_PLACE = "took-place"  #: path, hunk, said, at (lines)
    TOOK_BLANKS = "took-blanks"  #: path, number (of the hunk or change), at (line), differs
    TOOK_SECOND_VERDICT = "took-second-verdict"  #: gate
    # Landing, and the desk itself -----------------------------------------------------------
    BRANCH_MISSING = "branch-missing"  #: branch
    BRANCH_BUSY = "branch-busy"  #: branch, tries
    TIP_MOVED = "tip-moved"  #: branch, base
    BRANCH_CHECKED_OUT = "branch-checked-out"  #: branch
    PUSH_REFUSED = "push-refused"  #: branch, detail
    REPOSITORY_UNREACHABLE = "repository-unreachable"  #: detail
    GIT_BROKEN = "git-broken"  #: command, detail
    STOPPED_BY = "stopped-by"  #: by
    SET_BROKEN = "set-broken"  #: id, domain, state (of the member that did not land)
    CANCELLED_BY = "cancelled-by"  #: by
    REJECTED_BY = "rejected-by"  #: by, why (may be empty)
    DESK_CRASHED = "desk-crashed"  #: attempts
    DESK_ERROR = "desk-error"  #: detail
    RISK_CRITICAL = "risk-critical"  #: domain, tasks, errors, failed, rate, until
    # Reports: why a figure is not there, and what was asked for in vain -----------------------
    NOTHING_TO_MEASURE = "nothing-to-measure"
    NOT_REPORTED = "not-reported"
    NO_APPROVALS = "no-approvals"
    BAD_SCHEDULE = "bad-schedule"  #: detail
    UNKNOWN_PERIOD = "unknown-period"  #: period
    UNKNOWN_REPORT = "unknown-report"  #: kind, known, suggestion
    # Who may, and what was asked ------------------------------------------------------------
    CHANNEL_NOT_SERVED = "channel-not-served"
    DOMAIN_NOT_HERE = "domain-not-here"  #: domain, channels
    NOT_A_SUBMITTER = "not-a-submitter"  #: domain
    UNKNOWN_COMMAND = "unknown-command"  #: words, suggestion
    UNKNOWN_PATCH = "unknown-patch"  #: id
    # The course of patches and of domains ---------------------------------------------------
    NOT_YOURS = "not-yours"  #: domain
    NOT_STEERED_HERE = "not-steered-here"  #: domain
    NOT_AN_OPERATOR = "not-an-operator"
    WHICH_PATCH = "which-patch"  #: ids (may be empty)
    STATE_UNFIT = "state-unfit"  #: id, state, wanted (the states in which it can be done)
    LANDING_NOW = "landing-now"  #: id
    SET_CLEARED = "set-cleared"  #: id
    STOPPING_ALREADY = "stopping-already"  #: id, by
    NOT_HELD = "not-held"  #: id
    NOT_CLOSED = "not-closed"  #: domain (or the desk), closing
    FROZEN_BY_SETTINGS = "frozen-by-settings"  #: domain, why, until (may be empty)
    BAD_PRIORITY = "bad-priority"  #: said, known, suggestion
    DOMAIN_DRAINING = "domain-draining"  #: domain, by, why
    UNKNOWN_DEPENDENCY = "unknown-dependency"  #: name, suggestion
    DEPENDENCY_OVER = "dependency-over"  #: name, id, state
    DEPENDENCY_CYCLE = "dependency-cycle"  #: cycle (labels or blocks, in order)
    SET_KEPT_WHOLE = "set-kept-whole"  #: domains (whose parts may not enter)
    SET_IN_PART = "set-in-part"  #: domains (whose parts enter all the same)
    SET_TWIN = "set-twin"  #: domain, id (of the open patch with this content)
    SET_BROUGHT = "set-brought"  #: domain
    SET_OVER = "set-over"  #: id
    SET_NAMED = "set-named"  #: id, ids (of its patches)
    SET_PARTED = "set-parted"  #: id, set
    SET_REPEATS = "set-repeats"  #: domain, block
    NO_HISTORY = "no-history"  #: domain
    NO_FORECAST = "no-forecast"
    # What is asked about alerts -------------------------------------------------------------
    BAD_SPAN = "bad-span"  #: text
    UNKNOWN_ALERT = "unknown-alert"  #: id
    UNKNOWN_SILENCE = "unknown-silence"  #: id
    SILENCE_ELSEWHERE = "silence-elsewhere"
    ROWS_MOVE_ON = "rows-move-on"
    UNKNOWN_SCHEDULE = "unknown-schedule"  #: name, suggestion
    NOT_IN_PEOPLE = "not-in-people"
    DUTY_HELD = "duty-held"  #: schedule, person
    DUTY_ENDLESS = "duty-endless"  #: schedule
    DUTY_NOT_TAKEN = "duty-not-taken"  #: schedule, person
    # The plan and its risks -----------------------------------------------------------------
    PLAN_BAD_WORD = "plan-bad-word"  #: field, said, known, suggestion
    PLAN_OUT_OF_RANGE = "plan-out-of-range"  #: field, said, least, most
    PLAN_BAD_DATE = "plan-bad-date"  #: field, said
    PLAN_BAD_ID = "plan-bad-id"  #: said
    PLAN_ID_TWICE = "plan-id-twice"  #: id, first (a line)
    PLAN_TOO_LONG = "plan-too-long"  #: field, size, most
    PLAN_TOO_MANY = "plan-too-many"  #: field, most
    NOT_A_BLOCKER = "not-a-blocker"  #: said
    PLAN_MOVED_ON = "plan-moved-on"  #: since, version
    NO_PLAN = "no-plan"
    UNKNOWN_BATCH = "unknown-batch"  #: id, suggestion
    BATCH_NOT_PLANNED = "batch-not-planned"  #: id, suggestion
    PLAN_CLASH = "plan-clash"  #: batch, field, by
    NOT_A_PLANNER = "not-a-planner"
    UNKNOWN_RISK = "unknown-risk"  #: id, suggestion
    RISK_THERE = "risk-there"  #: id
    # Fetching what was attached -------------------------------------------------------------
    DOWNLOAD_FAILED = "download-failed"  #: name, detail
    DOWNLOAD_FOREIGN = "download-foreign"  #: name, host
    DOWNLOAD_SIGN_IN = "download-sign-in"  #: name
    SENDER_UNREAD = "sender-unread"  #: detail
    FORM_NOT_OPENED = "form-not-opened"  #: detail
    # Delivering -----------------------------------------------------------------------------
    CHANNEL_DEAD = "channel-dead"  #: channel, error, instead
    SLACK_REFUSED = "slack-refused"  #: method, error
    SLACK_UNREACHABLE = "slack-unreachable"  #: method, detail
    PERSON_UNREACHED = "person-unreached"  #: user, error
    MAIL_NOT_SET_UP = "mail-not-set-up"  #: address
    MAIL_REFUSED = "mail-refused"  #: address, detail
    WEBHOOK_NOT_SET_UP = "webhook-not-set-up"  #: name
    WEBHOOK_REFUSED = "webhook-refused"  #: name, detail
    # Over HTTP ------------------------------------------------------------------------------
    KEY_MISSING = "key-missing"
    KEY_WRONG = "key-wrong"
    KEY_TOO_NARROW = "key-too-narrow"  #: scopes
    SESSION_OVER = "session-over"
    NOT_SERVED = "not-served"  #: path
    METHOD_NOT_SERVED = "method-not-served"  #: method, allowed
    BODY_TOO_LARGE = "body-too-large"  #: most (bytes)
    HISTORY_SPAN = "history-span"  #: name, given, most
    TOO_MANY_WATCH = "too-many-watch"  #: most
    DESK_STARTING = "desk-starting"
    DESK_STOPPING = "desk-stopping"
    NEVER_CONSUMED = "never-consumed"
    HEALTH_OLD = "health-old"  #: age, most (both seconds)
    # How the desk is: levels that do not hold (spans in seconds, shares in percent) -----------
    QUEUE_DEEP = "queue-deep"  #: domain, measured, limit
    HEAD_STALE = "head-stale"  #: domain, measured, limit, did (a Reason, or nothing)
    SUMMARY_LATE = "summary-late"  #: domain, measured, limit
    QUARANTINE_FULL = "quarantine-full"  #: domain, measured, limit
    FAILURES_MANY = "failures-many"  #: domain, measured, limit
    COMPONENT_SILENT = "component-silent"  #: component, measured, limit, did
    COMPONENT_FAILED = "component-failed"  #: component, detail
    RESTARTS_MANY = "restarts-many"  #: component, measured, limit, did
    NOTHING_CONSUMED = "nothing-consumed"  #: component, measured, limit
    OUTBOX_OLD = "outbox-old"  #: measured, limit
    DISK_LOW = "disk-low"  #: measured, limit, did
    STORE_DAMAGED = "store-damaged"  #: measured
    SOCKET_SILENT = "socket-silent"  #: measured, limit, did
    CLOCK_SKEWED = "clock-skewed"  #: measured, limit
    WATCHDOG_STOPPED = "watchdog-stopped"  #: measured, limit
    # How the desk is: what could not be measured ----------------------------------------------
    NOT_MEASURED_YET = "not-measured-yet"
    NOTHING_MEASURES = "nothing-measures"
    TOO_FEW_FINISHED = "too-few-finished"  #: found, least
    NO_SOCKET = "no-socket"
    MEASURING_FAILED = "measuring-failed"  #: detail
    # How the desk is: what it did -------------------------------------------------------------
    DID_RESTART = "did-restart"  #: component
    DID_RECONNECT = "did-reconnect"  #: count
    DID_TIDY = "did-tidy"  #: count
    DID_REQUEUE = "did-requeue"  #: count
    # Alerts ---------------------------------------------------------------------------------
    NO_MATCHERS = "no-matchers"
    MATCHER_TOO_LONG = "matcher-too-long"  #: size, most (characters)
    TOO_MANY_MATCHERS = "too-many-matchers"  #: most
    MATCHER_UNREAD = "matcher-unread"  #: text
    PATTERN_TOO_LONG = "pattern-too-long"  #: size, most (characters)
    PATTERN_NOT_TAKEN = "pattern-not-taken"  #: pattern, found
    PATTERN_REPEATS_GROUP = "pattern-repeats-group"  #: pattern
    PATTERN_TOO_COSTLY = "pattern-too-costly"  #: pattern
    SILENCE_HIDES_ALL = "silence-hides-all"
    SILENCE_OVER = "silence-over"  #: ends
    SILENCE_ENDS = "silence-ends"  #: silence, matchers, ends
    SILENCE_TOO_LONG = "silence-too-long"  #: most (days)
    ALERT_OVER = "alert-over"  #: group
    ALERT_UNTOLD = "alert-untold"  #: group
    ALERT_TAKEN = "alert-taken"  #: group, by
    ALERT_NOT_TAKEN = "alert-not-taken"  #: group
    SNOOZE_LENGTH = "snooze-length"  #: most (days)
    ALERTS_UNHEARD = "alerts-unheard"  #: route
    NOBODY_ON_CALL = "nobody-on-call"  #: schedule, since, until
    # What alerts say --------------------------------------------------------------------------
    REPORTED = "reported"  #: text
    GATE_REFUSES = "gate-refuses"  #: gate, patch
    GATE_DID_NOT_RUN = "gate-did-not-run"  #: gate, patch, why
    PATCH_DID_NOT_LAND = "patch-did-not-land"  #: patch, why
    PATCH_GIVEN_UP = "patch-given-up"  #: patch, why
    GATE_FLAKY = "gate-flaky"  #: gate, count, span (seconds)
    DELIVERY_LOST = "delivery-lost"  #: kind, why
    DELIVERY_FAILING = "delivery-failing"  #: where, count, why
    EVENT_UNREADABLE = "event-unreadable"  #: why
    # Alerts of others -------------------------------------------------------------------------
    WEBHOOK_VERSION = "webhook-version"  #: version
    TOO_MANY_ALERTS = "too-many-alerts"  #: count, most
    ALERT_STATUS = "alert-status"  #: where, status
    TOO_MANY_LABELS = "too-many-labels"  #: where, count, most
    LABEL_NAME = "label-name"  #: where, name
    LABEL_TOO_LONG = "label-too-long"  #: where, name, size, most (characters)
    LABEL_CONTROL = "label-control"  #: where, name
    # Starting -------------------------------------------------------------------------------
    VARIABLE_UNSET = "variable-unset"  #: variable
    NO_WAY_IN = "no-way-in"
    TOKEN_REFUSED = "token-refused"  #: variable, error
    SLACK_SILENT = "slack-silent"  #: address, detail
    DATA_IN_USE = "data-in-use"  #: path
    ADDRESS_TAKEN = "address-taken"  #: address, detail


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and where: *file*, 1-based *line* and *column* of what was posted."""

    reason: Reason
    args: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A block that wanted to be a patch and is none. *block* counts a message's blocks from 1.

    *faults* is never empty; they stand in the order of the text.
    """

    block: int
    faults: tuple[Fault, ...]
    name: str | None = None  #: the attached file's name


def fault(
    reason: Reason,
    *,
    file: str | None = None,
    line: int | None = None,
    column: int | None = None,
    **args: object,
) -> Fault:
    """A Fault whose facts are given by name; each becomes text."""
    return Fault(reason, {name: str(value) for name, value in args.items()}, file, line, column)


def nearest(word: str, known: Iterable[str], *, cutoff: float = 0.7) -> str:
    """The one of *known* that *word* was probably meant to be, or an empty string.

    *cutoff* is how alike they must be, from 0 to 1.
    """
    by_fold = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=cutoff)
    return by_fold[close[0]] if close else ""
