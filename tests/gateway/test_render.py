"""Kong's configuration is rendered from the environment, or not at all."""

from pathlib import Path

import pytest
import yaml

from tests.gateway.rendering import COMPLETE, GATEWAY, rendered

PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n"


def test_nothing_is_left_to_fill_in() -> None:
    told = rendered(COMPLETE)
    assert (told.returncode, told.stderr) == (0, "")
    assert "${" not in told.stdout
    assert "of-the-tests" in told.stdout


@pytest.mark.parametrize("missing", sorted(COMPLETE.keys() - {"ENVIRONMENT"}))
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_an_empty_value_is_refused_by_name_and_nothing_is_printed(missing: str, value: str | None) -> None:
    environment = {name: each for name, each in COMPLETE.items() if name != missing}
    told = rendered(environment if value is None else {**environment, missing: value})
    assert (told.returncode, told.stdout) == (1, "")
    assert set(told.stderr.splitlines()) == {f"gateway: {missing} is empty"}


@pytest.mark.parametrize(
    ("secret", "reason"), [("change-me", "still a placeholder"), ("short", "fewer than 32 characters")]
)
def test_a_secret_that_is_none_is_refused(secret: str, reason: str) -> None:
    told = rendered({**COMPLETE, "JWT_SECRET": secret})
    assert (told.returncode, told.stdout) == (1, "")
    assert reason in told.stderr


def test_every_value_arrives_as_it_is() -> None:
    odd = 'a "quoted" \\back\\slash: #, $HOME, {braces} and enough characters'
    document = yaml.safe_load(rendered({**COMPLETE, "JWT_SECRET": odd}).stdout)
    assert document["consumers"][0]["jwt_secrets"] == [
        {"key": "valueverse-dev", "algorithm": "HS256", "secret": odd}
    ]


def test_production_takes_the_identity_provider_s_key_and_no_shared_secret(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    told = rendered(
        {
            **COMPLETE,
            "ENVIRONMENT": "production",
            "GATEWAY_JWT_ISSUER": "https://login.example.com",
            "GATEWAY_JWT_ALGORITHM": "ES256",
            "GATEWAY_JWT_PUBLIC_KEY_FILE": str(tmp_path / "key.pem"),
        }
    )
    assert COMPLETE["JWT_SECRET"] not in told.stdout
    assert yaml.safe_load(told.stdout)["consumers"][0]["jwt_secrets"] == [
        {"key": "https://login.example.com", "algorithm": "ES256", "rsa_public_key": PEM.rstrip("\n")}
    ]


def test_an_environment_without_issuers_is_refused() -> None:
    told = rendered({**COMPLETE, "ENVIRONMENT": "staging"})
    assert (told.returncode, told.stdout) == (1, "")
    assert "there is no issuers/staging.yml" in told.stderr


def test_no_secret_stands_in_the_files() -> None:
    for file in [GATEWAY / "kong.yml", *(GATEWAY / "issuers").glob("*.yml")]:
        for line in file.read_text().splitlines():
            if line.strip().startswith(("secret:", "password:", "rsa_public_key:")):
                assert line.partition(": ")[2].startswith('"${'), line
