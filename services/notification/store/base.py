"""The tables' common ground."""

from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The tables of this service."""
