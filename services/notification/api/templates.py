"""Templates: the words of the product's messages."""

from services.chassis.access import requires
from services.chassis.transaction import resource
from services.notification.domain import templates
from services.schemas.base import Document

router = resource("/templates")


class TemplateDocument(Document):
    """The words about one event type; `{places}` are the event's fields."""

    event_type: str
    locale: str
    title: str
    body: str
    link: str


class Templates(Document):
    """All templates."""

    items: list[TemplateDocument]


@router.get("", dependencies=[requires("notification:read")], summary="List the templates")
async def list_templates() -> Templates:
    return Templates(
        items=[
            TemplateDocument(
                event_type=each.event_type,
                locale=each.locale,
                title=each.title,
                body=each.body,
                link=each.link,
            )
            for each in templates.templates().values()
        ]
    )
