"""The architect's one peer: the calculation engine, which alone evaluates models."""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from services.architect.domain import valuing
from services.architect.domain.accounts import AccountFacts
from services.architect.domain.figures import ModelFigures
from services.architect.domain.templates import DriverTemplate
from services.chassis.actor import Actor
from services.chassis.peer_errors import PeerProblem, PeerUnavailable
from services.chassis.runtime import Runtime
from services.schemas.directory import SERVICES
from services.schemas.evaluation import Evaluation, EvaluationRequest
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

_ENGINE = SERVICES["calculation_engine"]
_REFUSALS = frozenset({400, 413, 422})
_TOO_MANY = 429


class Refused(Exception):
    """The engine cannot compute a model; `errors` point into it."""

    def __init__(self, detail: str, errors: Sequence[FieldError]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)


class EngineAway(Exception):
    """The engine does not answer for the moment."""


class Engine:
    """The calculation engine, asked for one actor. Never ask it inside a transaction."""

    def __init__(self, runtime: Runtime, actor: Actor) -> None:
        self._peer = runtime.peer(_ENGINE.name)
        self._actor = actor

    async def evaluate(self, model: ValueModel) -> Evaluation:
        """The model's deterministic run.

        Raises:
            Refused: the model does not compute.
            EngineAway: nobody could tell.
        """
        try:
            return await self._peer.request(
                "POST",
                f"{_ENGINE.prefix}/evaluations",
                actor=self._actor,
                scope=f"{_ENGINE.slug}:write",
                response=Evaluation,
                json=EvaluationRequest(model=model),
                # A pure computation ignores the key; it says that asking again is safe.
                idempotency_key=str(uuid4()),
            )
        except PeerUnavailable as error:
            raise EngineAway(error.reason) from error
        except PeerProblem as error:
            if error.status == _TOO_MANY:
                raise EngineAway(error.problem.detail) from error
            if error.status in _REFUSALS:
                raise Refused(error.problem.detail, _within_model(error.problem.errors)) from error
            raise

    async def figures(self, model: ValueModel) -> ModelFigures | None:
        """The model's headline figures, or None while the engine is away.

        Raises:
            Refused: the model does not compute.
        """
        try:
            return ModelFigures.of(await self.evaluate(model))
        except EngineAway:
            return None

    async def annual_values(
        self, drivers: Iterable[DriverTemplate], facts: AccountFacts, currency: str
    ) -> dict[str, float]:
        """What each driver is worth a year to an account, by key; one that does not compute there is worth
        nothing, and while the engine is away the table stays empty."""
        values: dict[str, float] = {}
        try:
            for batch in valuing.batches(drivers):
                values |= dict.fromkeys((driver.key for driver in batch), 0.0)
                values |= await self._annual_values(batch, facts, currency)
        except EngineAway:
            return {}
        return values

    async def _annual_values(
        self, drivers: list[DriverTemplate], facts: AccountFacts, currency: str
    ) -> dict[str, float]:
        while drivers:
            try:
                evaluation = await self.evaluate(valuing.one_year(drivers, facts, currency))
            except Refused as refused:
                computing = valuing.without_culprits(drivers, refused.errors)
                drivers = computing if len(computing) < len(drivers) else []
            else:
                return valuing.annual_values(drivers, evaluation)
        return {}


def _within_model(errors: Sequence[FieldError]) -> list[FieldError]:
    """The request holds the model at `/model`: its own pointers begin there."""
    return [FieldError(pointer=error.pointer.removeprefix("/model"), detail=error.detail) for error in errors]
