"""Checks later what could not be checked at once, because the calculation engine was away."""

from datetime import timedelta

import structlog

from services.architect.clients import Engine, EngineAway, Refused
from services.architect.domain.figures import ModelFigures
from services.architect.store import unchecked
from services.architect.store.models import Models, VersionRow
from services.architect.store.unchecked import Unchecked
from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.problems import NotFound
from services.chassis.runtime import Runtime
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

log = structlog.get_logger(__name__)

_AT_ONCE = 8
_LEASE = timedelta(seconds=60)
_PAUSE = timedelta(seconds=3)


class ModelChecker(BackgroundService):
    """Claims unchecked versions over all tenants, asks the engine about each in its own tenant, and writes
    down the figures or the findings. While the engine is away, it comes back after a pause."""

    name = "model_checker"
    interval_s = 2.0

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_once(self) -> bool:
        """Checks a few versions; True if there may be more."""
        claimed = await unchecked.claim(self._runtime.database, size=_AT_ONCE, lease=_LEASE)
        for place, each in enumerate(claimed):
            try:
                await self._check(each)
            except EngineAway as away:
                log.info("model_check_postponed", reason=str(away))
                await unchecked.hand_back(self._runtime.database, claimed[place:], pause=_PAUSE)
                return False
        return len(claimed) == _AT_ONCE

    async def _check(self, claimed: Unchecked) -> None:
        actor = Actor(claimed.tenant, self._runtime.identity.name)
        async with self._runtime.database.unit_of_work(actor) as uow:
            row = await _still_waiting(Models(uow), claimed)
        if row is None:
            return
        figures: ModelFigures | None = None
        findings: tuple[FieldError, ...] = ()
        try:
            engine = Engine(self._runtime, actor)
            figures = ModelFigures.of(await engine.evaluate(ValueModel.model_validate(row.document)))
        except Refused as refused:
            findings = refused.errors or (FieldError(pointer="", detail=refused.detail),)
        async with self._runtime.database.unit_of_work(actor) as uow:
            models = Models(uow)
            current = await _still_waiting(models, claimed)
            if current is None or current.version_hash != row.version_hash:
                return
            await models.settle(await models.get(claimed.model_id), current, figures, findings)
            await uow.commit()


async def _still_waiting(models: Models, claimed: Unchecked) -> VersionRow | None:
    """The claimed version, unless somebody rewrote or checked it meanwhile."""
    try:
        row = await models.version(await models.get(claimed.model_id), claimed.number)
    except NotFound:
        return None
    return row if row.check_state == "pending" else None
