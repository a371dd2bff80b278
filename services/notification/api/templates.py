"""Templates: the words of the product's messages."""

from services.chassis.access import requires
from services.chassis.transaction import resource
from services.notification import templates
from services.notification.domain.templates import Template
from services.schemas.base import Document

router = resource("/templates")


class Templates(Document):
    """All templates of the product, by type of event and locale."""

    items: list[Template]


@router.get("", dependencies=[requires("notification:read")], summary="List the templates")
async def list_templates() -> Templates:
    """They are part of the product and the same for every tenant."""
    return Templates(items=sorted(templates.PRODUCT, key=lambda each: (each.event_type, each.locale)))
