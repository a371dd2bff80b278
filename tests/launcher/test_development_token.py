"""Development tokens from the command line: for so long, and only in development."""

from datetime import timedelta
from pathlib import Path

import jwt
import pytest

from services.launcher import development_token, secrets_file
from services.launcher.development_token import duration, mint
from services.launcher.errors import CannotStart


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    monkeypatch.delenv("JWT_SECRET", raising=False)


def test_a_token_is_signed_with_the_data_folder_s_secret(tmp_path: Path) -> None:
    secret = secrets_file.load_or_generate(tmp_path, []).jwt_secret
    token = mint(tmp_path, tenant="acme", sub="ada", roles=["operator"], ttl="30m")
    claims = jwt.decode(token, secret, algorithms=["HS256"], audience="valueverse")
    assert claims["sub"] == "ada"
    assert claims["roles"] == ["operator"]
    assert claims["exp"] - claims["iat"] == 1800


def test_outside_development_it_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")
    with pytest.raises(CannotStart, match="ENVIRONMENT=development"):
        mint(tmp_path, tenant="acme", sub="ada", roles=[], ttl="1h")


def test_a_role_that_nobody_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="no role king: one of value-engineer"):
        mint(tmp_path, tenant="acme", sub="ada", roles=["operator", "king"], ttl="1h")


def test_without_a_platform_there_is_no_secret(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="start one"):
        mint(tmp_path, tenant="acme", sub="ada", roles=[], ttl="1h")


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("7d", timedelta(days=7))],
)
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert duration(text) == length


@pytest.mark.parametrize("text", ["", "1", "h", "0m", "8d", "1h30m", "-1h", "1 h", "1.5h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(CannotStart):
        development_token.duration(text)
