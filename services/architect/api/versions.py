"""Versions: what a model was, and what of it is approved for good."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from services.architect.api import model_views
from services.architect.api.model_documents import Version, VersionSummary
from services.architect.store.models import Models
from services.chassis.access import Work, requires
from services.chassis.own_account import OwnAccount
from services.chassis.transaction import resource
from services.schemas.base import Document

router = resource("/models")


class Versions(Document):
    """All versions of a model, the newest first."""

    items: list[VersionSummary]


@router.get(
    "/{model_id}/versions", dependencies=[requires("architect:read")], summary="List a model's versions"
)
async def list_versions(model_id: UUID, uow: Work, own: OwnAccount) -> Versions:
    models = Models(uow, own)
    rows = await models.versions(await models.get(model_id))
    return Versions(items=[model_views.version_summary(row) for row in rows])


@router.get(
    "/{model_id}/versions/{number}",
    dependencies=[requires("architect:read")],
    summary="Read a version of a model",
)
async def get_version(
    model_id: UUID, number: Annotated[int, Path(ge=1, le=2**31 - 1)], uow: Work, own: OwnAccount
) -> Version:
    """An approved one never changes: whoever holds its `version_hash` can prove what it says."""
    models = Models(uow, own)
    return model_views.version(await models.version(await models.get(model_id), number))
