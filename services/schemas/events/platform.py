"""Events about the platform itself."""

from typing import ClassVar

from services.schemas.base import Id, Label
from services.schemas.events.base import EventPayload


class TenantProvisioned(EventPayload):
    """A tenant was created; each service seeds itself from this."""

    event_type: ClassVar[str] = "platform.tenant.provisioned.v1"

    tenant_id: Id
    name: Label
