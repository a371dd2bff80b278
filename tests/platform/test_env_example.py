"""`.env.example` names every setting that a service or Compose reads, and nothing that nobody reads."""

import re
from pathlib import Path

from pydantic.fields import FieldInfo

from services.launcher import rooms
from services.schemas.directory import SERVICES

ROOT = Path(__file__).resolve().parents[2]

COMPOSE = (ROOT / "docker-compose.microservices.yml").read_text()


def _named_in_the_example() -> set[str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return {line.partition("=")[0] for line in lines if line and not line.startswith("#")}


def _variable(prefix: str, name: str, field: FieldInfo) -> str:
    return field.validation_alias if isinstance(field.validation_alias, str) else f"{prefix}{name}".upper()


def _read_by_services() -> set[str]:
    return {
        _variable(identity.env_prefix, name, field)
        for key, identity in SERVICES.items()
        for name, field in rooms.settings_class(key).model_fields.items()
    }


def _read_by_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", COMPOSE))


def test_the_example_names_every_setting_and_no_other() -> None:
    assert _named_in_the_example() == _read_by_services() | _read_by_compose()


def test_no_secret_stands_in_the_example() -> None:
    for line in (ROOT / ".env.example").read_text().splitlines():
        name, _, value = line.partition("=")
        if name.endswith("_SECRET"):
            assert value == "change-me"
