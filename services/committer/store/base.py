"""What the committer's tables have in common."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import JSON, Date, DateTime, Numeric, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """The tables of this service; documents are kept as JSON text, in the order that people gave them."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        date: Date(),
        datetime: DateTime(timezone=True),
        Decimal: Numeric(),
        list[str]: ARRAY(Text()),
        list[Decimal]: ARRAY(Numeric()),
        list[dict[str, Any]]: JSON(),
    }
