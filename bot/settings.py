"""The only reader of the environment and of `patchdesk.yml`."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import ValidationError

from contracts.settings import Settings

DEFAULT_CONFIG = "patchdesk.yml"
DEFAULT_DATA = "var"
DEFAULT_HTTP = "127.0.0.1:8080"


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
class Config:
    """All that one run of the desk is told from outside. *data* exists only once the desk made it."""

    settings: Settings
    slack: SlackAccess
    data: Path
    database_url: str = field(repr=False)
    http_host: str
    http_port: int
    source: Path | None  #: the file the settings came from; None: there was none


def read_config(environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration that *environment* points at. Raises SettingsError with every problem found.

    Without `PATCHDESK_CONFIG`, a missing `patchdesk.yml` means a desk without domains.
    """
    named = environment.get("PATCHDESK_CONFIG")
    path = Path(named or DEFAULT_CONFIG)
    if named and not path.is_file():
        raise SettingsError((f"PATCHDESK_CONFIG names {path}, and there is no such file",))
    present = path.is_file()
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
    )


def read_settings(text: bytes, name: str) -> Settings:
    """The settings in *text*; *name* is what the file is called in problems. Raises SettingsError."""
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError((f"{name} is not YAML: {error}",)) from error
    try:
        return Settings.model_validate({} if loaded is None else loaded)
    except ValidationError as error:
        problems = (
            f"{name}: {'.'.join(map(str, problem['loc'])) or 'the file'}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise SettingsError(tuple(problems)) from error


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError((f"PATCHDESK_HTTP is {text!r}; write it as host:port, as in {DEFAULT_HTTP}",))
    return host.strip("[]"), int(port)
