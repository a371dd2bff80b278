"""Fetches the model by which each new plan is measured, once."""

from datetime import timedelta

import structlog

from services.amplifier.clients import Architect, NoSuchVersion
from services.amplifier.domain.admission import unfit
from services.amplifier.store import unfetched
from services.amplifier.store.plans import PlanRow, Plans
from services.amplifier.store.unfetched import Unfetched
from services.chassis.actor import Actor
from services.chassis.background import BackgroundService
from services.chassis.peer_errors import PeerUnavailable
from services.chassis.problems import NotFound
from services.chassis.runtime import Runtime
from services.chassis.unit_of_work import UnitOfWork
from services.schemas.commands import CreateSuccessPlan
from services.schemas.problem import FieldError
from services.schemas.value_model import ValueModel

log = structlog.get_logger(__name__)

_AT_ONCE = 8
_LEASE = timedelta(seconds=60)
_PAUSE = timedelta(seconds=3)


class ModelFetcher(BackgroundService):
    """Claims plans without a model over all tenants, asks the architect for each in its own tenant, and makes
    them active, or refuses them with findings. While the architect is away, it comes back after a pause."""

    name = "model_fetcher"
    interval_s = 0.5

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run_once(self) -> bool:
        """Fetches a few models; True if there may be more."""
        claimed = await unfetched.claim(self._runtime.database, size=_AT_ONCE, lease=_LEASE)
        for place, each in enumerate(claimed):
            try:
                await self._fetch(each)
            except PeerUnavailable as away:
                log.info("model_fetch_postponed", reason=away.reason)
                await unfetched.hand_back(self._runtime.database, claimed[place:], pause=_PAUSE)
                return False
        return len(claimed) == _AT_ONCE

    async def _fetch(self, claimed: Unfetched) -> None:
        actor = Actor(claimed.tenant, self._runtime.identity.name)
        async with self._runtime.database.unit_of_work(actor) as uow:
            row = await _still_waiting(uow, claimed)
        if row is None:
            return
        model, findings = await self._found(actor, row.command)
        async with self._runtime.database.unit_of_work(actor) as uow:
            row = await _still_waiting(uow, claimed)
            if row is None:
                return
            if model is None:
                await Plans(uow).refuse(row, findings)
            else:
                await Plans(uow).hold_model(row, model)
            await uow.commit()

    async def _found(
        self, actor: Actor, command: CreateSuccessPlan
    ) -> tuple[ValueModel | None, list[FieldError]]:
        try:
            model = await Architect(self._runtime, actor).model(command.model_id, command.version_hash)
        except NoSuchVersion as missing:
            return None, [FieldError(pointer="/version_hash", detail=str(missing))]
        findings = unfit(command, model)
        return (None if findings else model), findings


async def _still_waiting(uow: UnitOfWork, claimed: Unfetched) -> PlanRow | None:
    """The claimed plan, held, unless somebody fetched its model or ended it meanwhile."""
    try:
        row = await Plans(uow).held(claimed.plan_id)
    except NotFound:
        return None
    return row if row.life == "fetching" else None
