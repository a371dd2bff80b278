"""The probe as an app: every convention of the request path on one resource."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Depends, FastAPI, Response
from pydantic import Field, SecretStr
from sqlalchemy import insert, select, update

from services.chassis import problems
from services.chassis.access import CurrentPrincipal, IdempotentWork, Work, requires
from services.chassis.app import Service, build_app
from services.chassis.bus.local import LocalBus
from services.chassis.cache.memory import MemoryCache
from services.chassis.clock import Clock
from services.chassis.etags import ExpectedVersion, if_match, set_etag
from services.chassis.ids import new_id
from services.chassis.issuers import IssuerSettings
from services.chassis.paging import Page, PageRequest, page_request
from services.chassis.problems import document
from services.chassis.registry import StaticRegistry
from services.chassis.seams import Seams
from services.chassis.settings import ServiceSettings
from services.chassis.transaction import resource
from services.schemas.base import Document, Id
from services.schemas.directory import ServiceIdentity
from tests.chassis.probe import CATALOGUE, notes
from tests.harness.databases import login_url

SECRET = "the-probe-s-secret-of-32-characters"
INTERNAL_SECRET = "the-probe-s-internal-secret-of-32-chars"


class ProbeSettings(ServiceSettings):
    """The probe's settings."""

    identity = ServiceIdentity("probe", "probe", 8099, "Probe")


class NewNote(Document):
    """A note to keep."""

    text: str = Field(min_length=1, max_length=100)


class Note(Document):
    """A note."""

    id: Id
    text: str


router = resource("/notes")
kept_versions: dict[UUID, int] = {}


@router.post("", status_code=201, dependencies=[requires("probe:write")])
async def create_note(body: NewNote, uow: IdempotentWork) -> Note:
    note_id = new_id()
    await uow.session.execute(insert(notes).values(tenant_id=uow.actor.tenant, id=note_id, text=body.text))
    if body.text == "crash":
        raise RuntimeError("the handler broke")
    if body.text == "refuse":
        raise problems.Conflict("This note is refused.")
    if body.text == "slow":
        await asyncio.sleep(0.2)
    return Note(id=note_id, text=body.text)


@router.get("", dependencies=[requires("probe:read")])
async def list_notes(uow: Work, page: Annotated[PageRequest, Depends(page_request)]) -> Page[Note]:
    rows = (await uow.session.execute(page.select(select(notes), notes.c.id))).all()
    return page.page(rows, lambda row: Note(id=row.id, text=row.text), lambda row: row.id)


@router.get("/{note_id}", dependencies=[requires("probe:read")])
async def get_note(note_id: UUID, uow: Work, response: Response) -> Note:
    row = (await uow.session.execute(select(notes).where(notes.c.id == note_id))).first()
    if row is None:
        raise problems.NotFound("There is no such note.")
    set_etag(response, kept_versions.get(note_id, 1))
    return Note(id=row.id, text=row.text)


@router.put(
    "/{note_id}",
    dependencies=[requires("probe:write")],
    responses=document(problems.PreconditionFailed, problems.PreconditionRequired),
)
async def change_note(
    note_id: UUID, body: NewNote, uow: Work, expected: Annotated[ExpectedVersion, Depends(if_match)]
) -> Note:
    version = kept_versions.get(note_id, 1)
    expected.check(version)
    await uow.session.execute(update(notes).where(notes.c.id == note_id).values(text=body.text))
    kept_versions[note_id] = version + 1
    return Note(id=note_id, text=body.text)


@router.get("/me/as-seen", dependencies=[requires("probe:read")])
async def who_am_i(principal: CurrentPrincipal) -> dict[str, str]:
    return {"sub": principal.sub, "tenant": str(principal.tenant)}


def probe_app(
    owner_url: str,
    clock: Clock,
    *,
    environment: str = "development",
    per_minute: int = 6000,
    issuers: tuple[IssuerSettings, ...] = (),
) -> FastAPI:
    """The probe on a database of its own, in a process of its own."""
    settings = ProbeSettings(
        environment=environment,  # type: ignore[arg-type]  # the tests name one of the two
        database_url=SecretStr(login_url(owner_url, "probe")),
        system_database_url=SecretStr(login_url(owner_url, "probe_system")),
        jwt_secret=SecretStr(SECRET),
        internal_jwt_secret=SecretStr(INTERNAL_SECRET),
        requests_per_minute=per_minute,
        jwt_issuers=issuers,
    )
    seams = Seams(
        bus=LocalBus(catalogue=CATALOGUE),
        cache=MemoryCache(clock),
        registry=StaticRegistry({}),
        clock=clock,
    )
    return build_app(Service(description="A probe.", routers=(router,)), settings, seams)
