"""The only reader of the environment and of `patchdesk.yml`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Literal, TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import yaml
from pydantic import ValidationError

from contracts.operations import Operations
from contracts.sections import Section, problem
from contracts.settings import Settings

DEFAULT_CONFIG = "patchdesk.yml"
DEFAULT_OPERATIONS = "operations.yml"
DEFAULT_DATA = "var"
DEFAULT_HTTP = "127.0.0.1:8080"


_MAIL_PORTS: Final = {"smtp": 587, "smtps": 465}
_MAIL_ADDRESS: Final = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
_MAIL_PROBLEM: Final = (
    "PATCHDESK_SMTP_URL must be like smtp://user:password@host:587?from=desk@example.com "
    "(smtps:// for TLS from the start; &tls=none for a server that needs none; "
    "percent-encode what is special in user and password)"
)

_Model = TypeVar("_Model", bound=Section)


class SettingsError(Exception):
    """Something in the environment or the configuration is wrong; `problems` says where and what."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class SlackAccess:
    """Tokens never appear in a repr. *app_token* present: Socket Mode; else HTTP mode."""

    bot_token: str | None = field(default=None, repr=False)
    app_token: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)
    api_url: str | None = None


@dataclass(frozen=True, slots=True)
class MailAccess:
    """The server that takes the desk's e-mail, and whom it comes from. The password never appears in a repr.

    *security*: `starttls` (nothing is said before the connection is safe), `tls` (safe from the start), or
    `none`.
    """

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@cache
def default_operations() -> Operations:
    """What holds where a team says nothing."""
    return _validated(Operations, _defaults(), "contracts/defaults/operations.yml")


@dataclass(frozen=True, slots=True)
class Config:
    """All that one run of the desk is told from outside. *data* exists only once the desk made it."""

    settings: Settings
    slack: SlackAccess
    data: Path
    database_url: str = field(repr=False)
    http_host: str
    http_port: int
    source: Path | None  #: the file the settings came from; None: there was none
    mail: MailAccess | None = None
    webhooks: Mapping[str, str] = field(default_factory=dict, repr=False)  #: their addresses by name
    operations: Operations = field(default_factory=default_operations)
    notify: str | None = None  #: the service manager's socket
    watched: bool = False  #: the service manager ends a desk that gives no sign of life


def read_config(environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration that *environment* points at. Raises SettingsError with every problem found.

    Without `PATCHDESK_CONFIG`, a missing `patchdesk.yml` means a desk without domains.
    """
    named = environment.get("PATCHDESK_CONFIG")
    path = Path(named or DEFAULT_CONFIG)
    if named and not path.is_file():
        raise SettingsError((f"PATCHDESK_CONFIG names {path}, and there is no such file",))
    present = path.is_file()
    operations = _operations_beside(path, environment.get("PATCHDESK_OPERATIONS"))
    settings = read_settings(path.read_bytes(), str(path)) if present else Settings()
    data = Path(environment.get("PATCHDESK_DATA") or DEFAULT_DATA)
    host, port = _address(environment.get("PATCHDESK_HTTP") or DEFAULT_HTTP)
    return Config(
        settings=settings,
        slack=SlackAccess(
            bot_token=environment.get("SLACK_BOT_TOKEN") or None,
            app_token=environment.get("SLACK_APP_TOKEN") or None,
            signing_secret=environment.get("SLACK_SIGNING_SECRET") or None,
            api_url=environment.get("SLACK_API_URL") or None,
        ),
        data=data,
        database_url=environment.get("PATCHDESK_DATABASE_URL") or f"sqlite:///{data.absolute()}/desk.db",
        http_host=host,
        http_port=port,
        source=path if present else None,
        mail=_mail(environment.get("PATCHDESK_SMTP_URL") or None),
        webhooks=_webhooks(operations, environment),
        operations=operations,
        notify=environment.get("NOTIFY_SOCKET") or None,
        watched=bool(environment.get("WATCHDOG_USEC")),
    )


def _operations_beside(config: Path, named: str | None) -> Operations:
    """Of the file that is *named*, or of `operations.yml` in the folder of *config*, if there is one."""
    path = Path(named) if named else config.with_name(DEFAULT_OPERATIONS)
    if path.is_file():
        return read_operations(path.read_bytes(), str(path))
    if named:
        raise SettingsError((f"PATCHDESK_OPERATIONS names {path}, and there is no such file",))
    return default_operations()


def read_settings(text: bytes, name: str) -> Settings:
    """The settings in *text*; *name* is what the file is called in problems. Raises SettingsError."""
    return _validated(Settings, _loaded(text, name), name)


def read_operations(text: bytes, name: str) -> Operations:
    """As `read_settings`; what *text* leaves out is as in the desk's own file. Lists replace lists."""
    return _validated(Operations, _laid_over(_defaults(), _loaded(text, name)), name)


def _defaults() -> Any:
    return _loaded((files("contracts") / "defaults" / "operations.yml").read_bytes(), "the defaults")


def _laid_over(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return below | {key: _laid_over(below.get(key), value) for key, value in above.items()}


def _loaded(text: bytes, name: str) -> Any:
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError((f"{name} is not YAML: {error}",)) from error
    return {} if loaded is None else loaded


def _validated(model: type[_Model], loaded: Any, name: str) -> _Model:
    try:
        return model.model_validate(loaded)
    except ValidationError as error:
        problems = (
            f"{name}: {'.'.join(map(str, each['loc'])) or 'the file'}: {problem(each)}"
            for each in error.errors(include_url=False)
        )
        raise SettingsError(tuple(problems)) from error


def _mail(url: str | None) -> MailAccess | None:
    """What PATCHDESK_SMTP_URL says. It holds a password, so no problem repeats any of it."""
    if url is None:
        return None
    try:
        access = _mail_access(urlsplit(url))
    except ValueError:
        access = None
    if access is None:
        raise SettingsError((_MAIL_PROBLEM,))
    return access


def _mail_access(url: SplitResult) -> MailAccess | None:
    """Raises ValueError, too, where a port is none."""
    query = dict(parse_qsl(url.query))
    user = unquote(url.username) if url.username else None
    sender = query.get("from") or user or ""
    if url.scheme not in _MAIL_PORTS or not url.hostname or not _MAIL_ADDRESS.fullmatch(sender):
        return None
    security: Literal["starttls", "tls", "none"] = "tls" if url.scheme == "smtps" else "starttls"
    return MailAccess(
        url.hostname,
        url.port or _MAIL_PORTS[url.scheme],
        "none" if query.get("tls") == "none" else security,
        sender,
        user,
        unquote(url.password) if url.password else None,
    )


def _webhooks(operations: Operations, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Every webhook's address, wherever it stands. Raises SettingsError."""
    addresses: dict[str, str] = {}
    for name, webhook in operations.alerts.webhooks.items():
        address = webhook.url or environment.get(webhook.url_variable or "")
        if not address or not address.startswith(("https://", "http://")):
            raise SettingsError((f"alerts.webhooks.{name}: {webhook.url_variable} holds no http(s) address",))
        addresses[name] = address
    return addresses


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError((f"PATCHDESK_HTTP is {text!r}; write it as host:port, as in {DEFAULT_HTTP}",))
    return host.strip("[]"), int(port)
