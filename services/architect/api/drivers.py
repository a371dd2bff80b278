"""Drivers: the ways in which value arises, shipped with the product or a tenant's own."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Body, Depends, Query, Request

from services.architect.clients import Engine, EngineAway, Refused
from services.architect.domain.accounts import AccountFacts
from services.architect.domain.templates import ANY_INDUSTRY, DriverTemplate
from services.architect.domain.valuing import one_year
from services.architect.store.drivers import DriverFilter, DriverRow, Drivers
from services.architect.store.proof_points import ProofPoints
from services.chassis.access import IdempotentWork, Work, requires
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import Conflict, Unavailable, Unprocessable, document
from services.chassis.runtime import runtime_of
from services.chassis.transaction import resource
from services.schemas.base import DecimalText, Document, Id, Key, Timestamp
from services.schemas.problem import FieldError
from services.schemas.value_model import Realisation

router = resource("/drivers")

_EXAMPLE: dict[str, Any] = {
    "key": "spare_parts_stock",
    "title": "Fewer spare parts lie in stock",
    "summary": "Failures are foreseen, so that parts are ordered when they are needed.",
    "industries": ["manufacturing"],
    "personas": ["plant_manager"],
    "pains": ["inventory", "maintenance_cost"],
    "category": "operations",
    "realisation": "cashable",
    "risk_adjustment": 0.1,
    "ramp": {"starts_after_months": 3, "full_after_months": 12},
    "suits": {"annual_revenue": 20000000},
    "inputs": {
        "parts_stock_today": {
            "label": "Spare parts in stock today",
            "unit": "currency",
            "low": 0.004,
            "base": 0.008,
            "high": 0.015,
            "scaled_by": "annual_revenue",
            "evidence": "assumption",
        },
        "parts_stock_then": {
            "label": "Spare parts in stock then, as a share of today",
            "unit": "share of today",
            "low": 0.75,
            "base": 0.85,
            "high": 0.98,
            "evidence": "assumption",
        },
        "parts_carrying_rate": {
            "label": "Annual cost of carrying spare parts",
            "unit": "share/year",
            "low": 0.15,
            "base": 0.2,
            "high": 0.3,
            "evidence": "assumption",
        },
    },
    "kpi": {
        "input": "parts_stock_then",
        "metric": "spare_parts_stock_index",
        "unit": "share of baseline",
        "direction": "decrease",
        "aggregation": "last",
    },
    "formula": "parts_stock_today * (1 - parts_stock_then) * parts_carrying_rate",
}


class Driver(DriverTemplate):
    """A driver of the library; `own` is false for those shipped with the product, which nobody changes."""

    id: Id
    own: bool
    created_at: Timestamp


class Benchmark(Document):
    """What customers reached of a driver's KPI by the tenant's own proof points, the newest of each contract,
    in the unit of `input`: the lowest, the median and the highest, null while there is none."""

    input: Key
    metric: Key
    unit: str
    proof_points: int
    low: DecimalText | None
    base: DecimalText | None
    high: DecimalText | None


@router.get("", dependencies=[requires("architect:read")], summary="List drivers")
async def list_drivers(
    uow: Work,
    page: Annotated[PageRequest, Depends(page_request)],
    key: Annotated[str | None, Query(max_length=64)] = None,
    industry: Annotated[str | None, Query(max_length=64, description="Named by the driver.")] = None,
    category: Annotated[str | None, Query(max_length=200)] = None,
    realisation: Realisation | None = None,
    own: Annotated[bool | None, Query(description="The tenant's own, or the product's.")] = None,
) -> Page[Driver]:
    """Those shipped with the product and the tenant's own, newest first; every filter is exact."""
    wanted = DriverFilter(key=key, industry=industry, category=category, realisation=realisation, own=own)
    return page.page(await Drivers(uow).page(page, wanted), _shown, lambda row: row.id)


@router.get("/{driver_id}", dependencies=[requires("architect:read")], summary="Read a driver")
async def get_driver(driver_id: UUID, uow: Work) -> Driver:
    return _shown(await Drivers(uow).get(driver_id))


@router.get(
    "/{driver_id}/benchmark", dependencies=[requires("architect:read")], summary="Read a driver's benchmark"
)
async def get_benchmark(driver_id: UUID, uow: Work) -> Benchmark:
    """It moves with every proof point that is published for a driver of this key."""
    driver = DriverTemplate.model_validate((await Drivers(uow).get(driver_id)).template)
    spread = await ProofPoints(uow).spread(driver.key, driver.kpi.input)
    return Benchmark(
        input=driver.kpi.input,
        metric=driver.kpi.metric,
        unit=driver.kpi.unit,
        proof_points=spread.count,
        low=spread.low,
        base=spread.median,
        high=spread.high,
    )


@router.post(
    "",
    status_code=201,
    dependencies=[requires("architect:write")],
    summary="Add a driver of one's own",
    responses=document(Conflict),
)
async def create_driver(
    body: Annotated[DriverTemplate, Body(openapi_examples={"spare_parts": {"value": _EXAMPLE}})],
    request: Request,
    uow: IdempotentWork,
) -> Driver:
    """The calculation engine must be able to compute it. It takes the place of the product's driver of the
    same key, if there is one."""
    await _require_computable(body, Engine(runtime_of(request), uow.actor))
    return _shown(await Drivers(uow).add(body))


async def _require_computable(template: DriverTemplate, engine: Engine) -> None:
    """Raises:
    Unprocessable: the engine refuses the formula.
    Unavailable: nobody could tell.
    """
    try:
        await engine.evaluate(one_year([template], AccountFacts(ANY_INDUSTRY), "EUR"))
    except Refused as refused:
        errors = [_in_template(error) for error in refused.errors]
        raise Unprocessable(refused.detail, code="cannot_compute", errors=errors) from refused
    except EngineAway as away:
        raise Unavailable("The calculation engine is away, so that nobody can check the formula.") from away


def _in_template(error: FieldError) -> FieldError:
    return FieldError(pointer=error.pointer.removeprefix("/drivers/0"), detail=error.detail)


def _shown(row: DriverRow) -> Driver:
    return Driver.model_validate(
        {**row.template, "id": row.id, "own": row.tenant_id is not None, "created_at": row.created_at}
    )
