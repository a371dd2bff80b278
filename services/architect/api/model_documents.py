"""What the routes of models take and answer."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from services.architect.domain.figures import ModelFigures
from services.architect.domain.lifecycle import State
from services.schemas.base import Document, Finite, Id, Label, Timestamp
from services.schemas.problem import FieldError
from services.schemas.value_model import Cost, Horizon, ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

_AN_ID = "01935b2c-7a50-7c4e-9b1a-3f6d2e8c4a10"

EXAMPLES: dict[str, Any] = {
    "from_hypotheses": {
        "summary": "From the account's accepted hypotheses",
        "value": {
            "source": "hypotheses",
            "account_id": _AN_ID,
            "name": "Nordwerk Pumps: fewer stops, less waste",
            "horizon": {"periods": 12, "period_length": "quarter"},
            "discount_rate": 0.09,
            "costs": [
                {"key": "subscription", "label": "Subscription", "recurring": "180000"},
                {"key": "roll_out", "label": "Roll-out", "initial": "220000", "risk_adjustment": 0.1},
            ],
        },
    },
    "from_document": {
        "summary": "From a document",
        "value": {
            "source": "document",
            "account_id": _AN_ID,
            "name": "Service desk assistant",
            "document": VALUE_MODEL_EXAMPLE,
        },
    },
}


class ModelFromHypotheses(Document):
    """A model made from an account's accepted hypotheses, at its size and in its currency. Without `costs` it
    is a case without a price, which has no ROI."""

    source: Literal["hypotheses"]
    account_id: Id
    name: Label
    horizon: Horizon = Horizon(periods=12, period_length="quarter")
    discount_rate: Annotated[Finite, Field(ge=-0.5, le=10)] = 0.1
    costs: Annotated[tuple[Cost, ...], Field(strict=False, max_length=200)] = ()


class ModelFromDocument(Document):
    """A model brought along, in the account's currency."""

    source: Literal["document"]
    account_id: Id
    name: Label
    document: ValueModel


NewModel = Annotated[ModelFromHypotheses | ModelFromDocument, Field(discriminator="source")]


class ReplacedModel(Document):
    """A draft's name and document, anew."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Service desk assistant", "document": VALUE_MODEL_EXAMPLE}]}
    )

    name: Label
    document: ValueModel


class Return(Document):
    """Why a version goes back to its author."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "The downtime baseline needs the plant's own figures."}]}
    )

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class VersionSummary(Document):
    """A version of a model. `version_hash` is the SHA-256 of its canonical JSON (RFC 8785), its identity.

    `figures` are the calculation engine's, of this very document. `checked` is false while the engine has not
    computed it: it was away, and will be asked again; or it refused, and `findings` say why. `authors` wrote
    on it; people are named by `sub`.
    """

    number: int
    state: State
    version_hash: str
    checked: bool
    figures: ModelFigures | None
    findings: list[FieldError]
    authors: list[str]
    requested_by: str | None
    returned_reason: str | None
    approved_by: str | None
    approved_at: Timestamp | None
    created_at: Timestamp


class Version(VersionSummary):
    """A version with its document."""

    document: ValueModel


class ModelSummary(Document):
    """A model with its current version; `revision` is what `If-Match` takes, in quotes."""

    id: Id
    revision: int
    account_id: Id
    name: Label
    owner: str
    source: Literal["hypotheses", "document"]
    created_at: Timestamp
    updated_at: Timestamp
    current: VersionSummary


class Model(ModelSummary):
    """A model with its current version and that one's document."""

    current: Version
