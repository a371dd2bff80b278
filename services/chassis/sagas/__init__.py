"""Sagas: one business transaction over several services; each step is a command, and can be undone.

    ACTIVATION = Saga(
        "activate-contract",
        owner="committer",
        data=Activation,
        steps=[
            step("lock model", lock_model, compensation=unlock_model),
            step("plan delivery", create_plan, compensation=cancel_plan),
        ],
        on_done=activated,
        on_failed=not_activated,
    )

The service names it in its table of contents: `Service(sagas=(ACTIVATION,), routers=(…,
sagas_router(SERVICES["committer"], ACTIVATION)))`, and
`Sagas(uow).start(ACTIVATION, data, subject=contract.id)` begins it within the caller's transaction. Commands
and replies go over the outbox and the bus; each reply is handled in one transaction with the saga's new state
and its next command, so that any replica may go on after any crash.
"""

from services.chassis.sagas.api import sagas_router
from services.chassis.sagas.conductor import Sagas
from services.chassis.sagas.definition import Saga, Step, pivot, step
from services.chassis.sagas.state import SagaStatus

__all__ = ["Saga", "SagaStatus", "Sagas", "Step", "pivot", "sagas_router", "step"]
