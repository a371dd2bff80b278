"""Sagas' commands: each is handled by the service that it is addressed to, and by no other."""

from importlib import import_module
from importlib.util import find_spec

import pytest

from services.chassis.commands import Commands
from services.chassis.runtime import Runtime
from services.launcher.documents import unconnected_app
from services.schemas.commands import COMMANDS
from services.schemas.directory import SERVICES


def _commands_of(key: str) -> frozenset[str]:
    if find_spec(f"services.{key}.events") is None:
        return frozenset()
    runtime: Runtime = unconnected_app(key).state.runtime
    commands = getattr(import_module(f"services.{key}.events"), "commands", lambda _runtime: Commands())
    handled: frozenset[str] = commands(runtime).types
    return handled


@pytest.mark.parametrize("key", SERVICES)
def test_a_service_handles_the_commands_addressed_to_it_and_nothing_else(key: str) -> None:
    assert _commands_of(key) == {each.command_type for each in COMMANDS if each.participant == key}


def test_every_command_is_listed_once_and_addressed_to_somebody() -> None:
    assert len({each.command_type for each in COMMANDS}) == len(COMMANDS)
    assert {each.participant for each in COMMANDS} <= SERVICES.keys()
