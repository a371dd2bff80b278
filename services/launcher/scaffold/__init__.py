"""Scaffolding a service: its room from a template, and its name wherever the house lists its services."""

from services.launcher.scaffold.scaffold import scaffold

__all__ = ["scaffold"]
