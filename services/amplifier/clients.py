"""The amplifier's peers: the architect, who keeps models, and the calculation engine, who computes them."""

from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel

from services.amplifier.domain.yardstick import Question
from services.chassis.actor import Actor
from services.chassis.peer_errors import PeerProblem, PeerUnavailable
from services.chassis.problems import Unprocessable
from services.chassis.runtime import Runtime
from services.schemas.directory import SERVICES
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

Answer = TypeVar("Answer", bound=BaseModel)

_ARCHITECT = SERVICES["architect"]
_ENGINE = SERVICES["calculation_engine"]
_REFUSALS = frozenset({400, 413, 422})
_NOT_FOUND = 404
_TOO_MANY = 429
# What stands for good: nobody rewrites it any more.
_APPROVED = frozenset({"approved", "superseded"})


class NoSuchVersion(Exception):
    """The architect has no approved version of the model with this hash."""


class CannotEvaluate(Unprocessable):
    """The model gives no value for what was measured."""

    code = "cannot_evaluate"
    title = "Cannot evaluate"


class _VersionSummary(BaseModel):
    """What is read of a version in the architect's list; it may say more."""

    number: int
    state: str
    version_hash: str


class _Versions(BaseModel):
    items: list[_VersionSummary]


class _Version(_VersionSummary):
    document: ValueModel


class Architect:
    """The architect, asked for one actor. Never ask it inside a transaction."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self._peer = runtime.peer(_ARCHITECT.name)
        self._actor = actor

    async def model(self, model_id: UUID, version_hash: str) -> ValueModel:
        """The document of an approved version.

        Raises:
            NoSuchVersion: there is none of this hash.
            PeerUnavailable: nobody could tell.
        """
        path = f"{_ARCHITECT.prefix}/models/{model_id}/versions"
        try:
            known = await self._get(path, _Versions)
            approved = {each.version_hash: each.number for each in known.items if each.state in _APPROVED}
            if version_hash not in approved:
                raise NoSuchVersion(f"No approved version of the model has the hash {version_hash}.")
            return (await self._get(f"{path}/{approved[version_hash]}", _Version)).document
        except PeerProblem as error:
            if error.status == _NOT_FOUND:
                raise NoSuchVersion(f"There is no model {model_id}.") from error
            if error.status == _TOO_MANY:
                raise PeerUnavailable(_ARCHITECT.name, error.problem.detail) from error
            raise

    async def _get(self, path: str, response: type[Answer]) -> Answer:
        scope = f"{_ARCHITECT.slug}:read"
        return await self._peer.request("GET", path, actor=self._actor, scope=scope, response=response)


class Engine:
    """The calculation engine, asked for one actor. Never ask it inside a transaction."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self._peer = runtime.peer(_ENGINE.name)
        self._actor = actor

    async def evaluate(self, model: ValueModel, question: Question) -> Evaluation:
        """One evaluation of the model with a driver's input replaced by what was measured.

        Raises:
            CannotEvaluate: the model gives no value for that.
            PeerUnavailable: the engine is away.
        """
        try:
            return await self._peer.request(
                "POST",
                f"{_ENGINE.prefix}/evaluations",
                actor=self._actor,
                scope=f"{_ENGINE.slug}:write",
                response=Evaluation,
                json=EvaluationRequest(model=model, inputs={question.input: float(question.measured)}),
                # A pure computation ignores the key; it says that asking again is safe.
                idempotency_key=str(uuid4()),
            )
        except PeerProblem as error:
            if error.status == _TOO_MANY:
                raise PeerUnavailable(_ENGINE.name, error.problem.detail) from error
            if error.status in _REFUSALS:
                raise _cannot(question, error) from error
            raise


def _cannot(question: Question, error: PeerProblem) -> CannotEvaluate:
    measured = f"{question.driver_key} with {question.input} = {question.measured}"
    fields = [FieldError(pointer="", detail=each.detail) for each in error.problem.errors]
    return CannotEvaluate(f"{measured}: {error.problem.detail}", errors=fields)
