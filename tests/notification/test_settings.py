"""What the settings refuse before anything starts."""

from typing import Any

import pytest
from pydantic import ValidationError

from services.notification.settings import Settings
from tests.harness.platform import SECRETS


def settings(**fields: Any) -> Settings:
    always = {
        "database_url": "postgresql://n@h/v",
        "system_database_url": "postgresql://n_system@h/v",
        "jwt_secret": SECRETS.jwt_secret,
        "internal_jwt_secret": SECRETS.internal_jwt_secret,
    }
    return Settings(**{**always, **fields})


def test_without_a_mail_server_there_is_no_e_mail() -> None:
    assert not settings().has_mail
    assert settings(smtp_url="smtp://mail:25", mail_from="V <v@vendor.example>").has_mail


@pytest.mark.parametrize("url", ["mail:25", "http://mail", "smtp://", "smtp:///x"])
def test_an_address_of_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="SMTP_URL is smtp://"):
        settings(smtp_url=url, mail_from="v@vendor.example")


@pytest.mark.parametrize("sender", ["", "ValueVerse", "<>"])
def test_mail_needs_a_sender(sender: str) -> None:
    with pytest.raises(ValidationError, match="MAIL_FROM"):
        settings(smtp_url="smtp://mail:25", mail_from=sender)


def test_a_refusal_does_not_tell_the_password() -> None:
    with pytest.raises(ValidationError) as refused:
        settings(smtp_url="smtp://user:hunter2@mail:25")
    assert "hunter2" not in str(refused.value)
