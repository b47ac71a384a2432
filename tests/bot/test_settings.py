"""What the environment says of mail servers and webhooks; nothing secret is ever repeated."""

from pathlib import Path

import pytest

from bot.settings import MailAccess, SettingsError, read_config


@pytest.fixture(autouse=True)
def _an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("url", "access"),
    [
        (
            "smtp://desk:p%40ss@mail.example.com?from=desk@example.com",
            MailAccess("mail.example.com", 587, "starttls", "desk@example.com", "desk", "p@ss"),
        ),
        (
            "smtps://desk%40example.com:x@mail.example.com",
            MailAccess("mail.example.com", 465, "tls", "desk@example.com", "desk@example.com", "x"),
        ),
        (
            "smtp://localhost:2525?from=desk@example.com&tls=none",
            MailAccess("localhost", 2525, "none", "desk@example.com"),
        ),
    ],
)
def test_a_mail_server_is_one_line(url: str, access: MailAccess) -> None:
    assert read_config({"PATCHDESK_SMTP_URL": url}).mail == access


def test_without_a_server_there_is_no_mail() -> None:
    assert read_config({}).mail is None


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com:587",
        "http://desk:hunter2@mail.example.com?from=desk@example.com",
        "smtp://desk:hunter2@mail.example.com",
        "http://desk:hunter2@mail.example.com:587?from=desk@example.com",
        "smtp://desk:hunter2@mail.example.com:99999?from=desk@example.com",
        "smtp://:hunter2@?from=desk@example.com",
        "smtp://desk:hunter2@[::1?from=desk@example.com",
    ],
)
def test_what_is_no_mail_server_is_told_without_its_password(url: str) -> None:
    with pytest.raises(SettingsError) as raised:
        read_config({"PATCHDESK_SMTP_URL": url})
    assert "PATCHDESK_SMTP_URL must be like smtp://" in str(raised.value)
    assert "hunter2" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_no_password_is_in_a_repr() -> None:
    url = "smtp://desk:hunter2@mail.example.com?from=desk@example.com"
    config = read_config({"PATCHDESK_SMTP_URL": url, "PAGER": "https://hooks.example.com/s3cret"})
    assert "hunter2" not in repr(config)


def test_a_webhooks_address_may_be_a_secret(tmp_path: Path) -> None:
    operations = "alerts: {webhooks: {pager: {url_variable: PAGER}, board: {url: 'https://b.example.com'}}}"
    (tmp_path / "operations.yml").write_text(operations, encoding="utf-8")
    config = read_config({"PAGER": "https://hooks.example.com/s3cret"})
    assert config.webhooks == {"pager": "https://hooks.example.com/s3cret", "board": "https://b.example.com"}
    assert "s3cret" not in repr(config)
    for wrong in ({}, {"PAGER": "hooks.example.com/s3cret"}):
        with pytest.raises(SettingsError, match=r"alerts\.webhooks\.pager: PAGER holds no") as raised:
            read_config(wrong)
        assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    "hook", ["{}", "{url: 'https://a.example.com', url_variable: A}", "{url: 'ftp://a'}"]
)
def test_a_webhook_lies_in_one_place(tmp_path: Path, hook: str) -> None:
    text = f"alerts: {{webhooks: {{pager: {hook}}}}}"
    (tmp_path / "operations.yml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"webhooks\.pager"):
        read_config({"A": "https://a.example.com"})
