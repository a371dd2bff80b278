"""The committer's sagas, for operators."""

from services.chassis.sagas import sagas_router
from services.committer.saga import ACTIVATION
from services.schemas.directory import SERVICES

router = sagas_router(SERVICES["committer"], ACTIVATION)
