"""Requests that were answered under an Idempotency-Key: what the answer shows is there."""

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from fastapi import APIRouter
from fastapi.routing import APIRoute

from services.launcher.audit.rules import Rule, Subject
from services.schemas.directory import SERVICES

Tables = Mapping[tuple[str, str], Collection[str]]
"""The columns of each table that tells its rows by `id`, by schema and name."""


def requests(tables: Tables) -> Subject:
    """The rules about answers, over these tables: ids are unique, so it may stand in any of a service's."""
    shown = _shown()
    return Subject(
        "requests answered under a key",
        "SELECT count(*) FROM answers WHERE status BETWEEN 200 AND 299",
        (
            Rule(
                "what an answer shows is there",
                f"""
                SELECT shown.id, concat(route, ' answered ', sub, ' with it under the key ', key,
                    ', and it is not there') AS what
                FROM ({shown}) AS shown WHERE NOT EXISTS (
                    SELECT FROM ({_things(tables)}) AS thing
                    WHERE thing.service = shown.service AND thing.id::text = shown.id)
                """,
            ),
            Rule(
                "what an answer shows has come as far as the answer says",
                f"""
                SELECT shown.id, concat(route, ' answered ', sub, ' with revision ', shown.revision,
                    ' under the key ', key, ', and it is at ', thing.revision) AS what
                FROM ({shown}) AS shown JOIN ({_things(tables)}) AS thing
                    ON thing.service = shown.service AND thing.id::text = shown.id
                WHERE thing.revision < shown.revision
                """,
            ),
        ),
    )


def _shown() -> str:
    """A document's own id, or those of its items; an answer proves nothing of what may be deleted again."""
    may_be_deleted = " OR ".join(
        f"service = '{key}' AND (route = '{collection}' OR route LIKE '{collection}/%')"
        for key, collection in sorted(_with_deletion())
    )
    return f"""
        SELECT service, route, sub, key, item ->> 'id' AS id, (item ->> 'revision')::bigint AS revision
        FROM (
            SELECT *, convert_from(body, 'UTF8')::jsonb AS document FROM answers
            WHERE status BETWEEN 200 AND 299 AND headers ->> 'content-type' = 'application/json'
              AND NOT ({may_be_deleted})) AS answered
        CROSS JOIN LATERAL (
            SELECT document AS item
            UNION ALL SELECT jsonb_path_query(document, 'lax $.items[*]')) AS item
        WHERE item ->> 'id' IS NOT NULL
    """


@cache
def _with_deletion() -> frozenset[tuple[str, str]]:
    """The collections that a DELETE route takes something from, by their services."""
    found = set()
    for key in SERVICES:
        package = import_module(f"services.{key}.api")
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            router = getattr(import_module(module.name), "router", None)
            if isinstance(router, APIRouter):
                found |= {(key, collection) for collection in _deleted_from(router)}
    return frozenset(found)


def _deleted_from(router: APIRouter) -> Iterator[str]:
    for route in router.routes:
        if isinstance(route, APIRoute) and "DELETE" in (route.methods or ()):
            yield route.path.rpartition("/")[0]


def _things(tables: Tables) -> str:
    return " UNION ALL ".join(
        f"SELECT '{schema}' AS service, id, {_revision(columns)}::bigint AS revision FROM {schema}.{name}"
        for (schema, name), columns in tables.items()
    )


def _revision(columns: Collection[str]) -> str:
    return "version" if "version" in columns else "NULL"
