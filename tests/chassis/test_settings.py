"""Settings: what is missing or a placeholder stops a service before it starts."""

import pytest
from pydantic import ValidationError

from services.architect.settings import Settings
from services.chassis.registry import Address
from services.chassis.seams import seams_of
from tests.chassis.probe.app import ProbeSettings

SOUND = {
    "database_url": "postgresql://probe:p@127.0.0.1:5432/x",
    "system_database_url": "postgresql://probe_system:p@127.0.0.1:5432/x",
    "jwt_secret": "s" * 32,
    "internal_jwt_secret": "i" * 32,
}


def settings(**changes: object) -> ProbeSettings:
    return ProbeSettings.model_validate({**SOUND, **changes})


def test_sound_settings_hold_and_show_no_secret() -> None:
    made = settings()
    assert made.development
    shown = repr(made)
    for secret in SOUND.values():
        assert secret not in shown


@pytest.mark.parametrize("secret", ["", "short", "change-me", "change-me-" + "x" * 40])
@pytest.mark.parametrize("name", ["jwt_secret", "internal_jwt_secret"])
def test_a_placeholder_or_short_secret_is_refused_and_not_repeated(name: str, secret: str) -> None:
    with pytest.raises(ValidationError, match=name.upper()) as refusal:
        settings(**{name: secret})
    if secret:
        assert f"input_value='{secret}" not in str(refusal.value)


def test_production_with_issuers_needs_no_development_secret() -> None:
    issuer = {"issuer": "https://login.example.com", "jwks_url": "https://login.example.com/keys"}
    made = settings(environment="production", jwt_secret="", jwt_issuers=[issuer])
    assert not made.development
    assert made.jwt_issuers[0].issuer == "https://login.example.com"


def test_a_service_s_own_logins_carry_its_name_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHITECT_DATABASE_URL", "postgresql://architect:p@127.0.0.1/x")
    monkeypatch.setenv("ARCHITECT_SYSTEM_DATABASE_URL", "postgresql://architect_system:p@127.0.0.1/x")
    monkeypatch.setenv("JWT_SECRET", "s" * 32)
    monkeypatch.setenv("INTERNAL_JWT_SECRET", "i" * 32)
    made = Settings.model_validate({})
    assert made.database_url.get_secret_value().startswith("postgresql://architect:")


async def test_peers_are_found_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PEERS", '{"value-architect": "10.0.0.1:9001", "value-executor": "[::1]:9003"}')
    registry = seams_of(settings()).registry
    assert await registry.resolve("value-architect") == [Address("10.0.0.1", 9001)]
    assert await registry.resolve("value-executor") == [Address("::1", 9003)]
    assert await registry.resolve("value-committer") == [Address("value-committer", 8002)]


@pytest.mark.parametrize(
    "peers",
    [
        {"value-arhcitect": "10.0.0.1:9001"},
        {"value-architect": "10.0.0.1"},
        {"value-architect": "10.0.0.1:99999"},
        {"value-architect": "http://10.0.0.1:9001"},
        {"value-architect": "ada@10.0.0.1:9001"},
        {"value-architect": ":9001"},
    ],
)
def test_peers_that_nobody_could_reach_are_refused(peers: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="peers"):
        settings(peers=peers)
