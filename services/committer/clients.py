"""The committer's peers: the architect, which approves models, and the engine, which evaluates them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.chassis.actor import Actor
from services.chassis.peer_errors import PeerProblem
from services.chassis.runtime import Runtime
from services.schemas.base import Id
from services.schemas.directory import SERVICES
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

_ARCHITECT = SERVICES["architect"]
_ENGINE = SERVICES["calculation_engine"]
_NOT_FOUND = 404
_REFUSALS = frozenset({400, 413, 422})

M = TypeVar("M", bound=BaseModel)


class NotApproved(Exception):
    """There is no such model, or no version of it is approved."""


class CannotCompute(Exception):
    """The engine cannot compute a model as it was asked to."""

    def __init__(self, detail: str, errors: Sequence[FieldError]) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class ApprovedModel:
    """The approved version of a model."""

    model_id: UUID
    account_id: UUID
    version: int
    version_hash: str
    document: ValueModel


# Of the architect's answers, what is needed here; whatever else they say is passed over.
class _Summary(BaseModel):
    number: int
    state: str


class _Version(_Summary):
    version_hash: str
    document: ValueModel


class _Versions(BaseModel):
    items: list[_Summary]


class _Model(BaseModel):
    id: Id
    account_id: Id
    current: _Version


class Architect:
    """The architect, asked for one actor. Never ask it inside a transaction."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self._peer = runtime.peer(_ARCHITECT.name)
        self._actor = actor

    async def approved_model(self, model_id: UUID) -> ApprovedModel:
        """The version that is approved now, whichever is being drafted.

        Raises:
            NotApproved: there is none.
            PeerUnavailable: nobody could tell.
        """
        path = f"{_ARCHITECT.prefix}/models/{model_id}"
        model = await self._got(path, _Model)
        version = model.current
        if version.state != "approved":
            versions = (await self._got(f"{path}/versions", _Versions)).items
            number = next((each.number for each in versions if each.state == "approved"), None)
            if number is None:
                raise NotApproved("No version of the model is approved.")
            version = await self._got(f"{path}/versions/{number}", _Version)
        return ApprovedModel(
            model_id=model.id,
            account_id=model.account_id,
            version=version.number,
            version_hash=version.version_hash,
            document=version.document,
        )

    async def _got(self, path: str, response: type[M]) -> M:
        try:
            return await self._peer.request(
                "GET", path, actor=self._actor, scope=f"{_ARCHITECT.slug}:read", response=response
            )
        except PeerProblem as error:
            if error.status == _NOT_FOUND:
                raise NotApproved("There is no such model.") from error
            raise


class Engine:
    """The calculation engine, asked for one actor. Never ask it inside a transaction."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self._peer = runtime.peer(_ENGINE.name)
        self._actor = actor

    async def evaluate(self, model: ValueModel, inputs: dict[str, float]) -> Evaluation:
        """The model's deterministic run with some inputs replaced.

        Raises:
            CannotCompute: the model has no figures there.
            PeerUnavailable: nobody could tell.
        """
        try:
            return await self._peer.request(
                "POST",
                f"{_ENGINE.prefix}/evaluations",
                actor=self._actor,
                scope=f"{_ENGINE.slug}:write",
                response=Evaluation,
                json=EvaluationRequest(model=model, inputs=inputs),
                # A pure computation ignores the key; it says that asking again is safe.
                idempotency_key=str(uuid4()),
            )
        except PeerProblem as error:
            if error.status in _REFUSALS:
                raise CannotCompute(error.problem.detail, error.problem.errors) from error
            raise
