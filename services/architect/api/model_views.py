"""How rows of models become what the routes answer."""

from typing import Any

from services.architect.api.model_documents import Model, ModelSummary, Version, VersionSummary
from services.architect.domain.figures import ModelFigures
from services.architect.store import models as store
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel


def summary(model: store.Model) -> ModelSummary:
    return ModelSummary(**_of_model(model.row), current=version_summary(model.current))


def full(model: store.Model) -> Model:
    return Model(**_of_model(model.row), current=version(model.current))


def version_summary(row: store.VersionRow) -> VersionSummary:
    return VersionSummary(**_of_version(row))


def version(row: store.VersionRow) -> Version:
    return Version(**_of_version(row), document=ValueModel.model_validate(row.document))


def _of_model(row: store.ModelRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "revision": row.version,
        "account_id": row.account_id,
        "name": row.name,
        "owner": row.owner,
        "source": row.source,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _of_version(row: store.VersionRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "state": row.state,
        "version_hash": row.version_hash,
        "checked": row.check_state == "passed",
        "figures": None if row.figures is None else ModelFigures.model_validate(row.figures),
        "findings": [FieldError.model_validate(each) for each in row.findings],
        "authors": row.authors,
        "requested_by": row.requested_by,
        "returned_reason": row.returned_reason,
        "approved_by": row.approved_by,
        "approved_at": row.approved_at,
        "created_at": row.created_at,
    }
