"""Alembic's entry: the chassis runs it on the connection of the migrate step."""

from services.chassis.migrations import run_env

run_env()
