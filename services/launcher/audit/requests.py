"""Requests that were answered under an Idempotency-Key: what the answer shows is there."""

from collections.abc import Collection, Mapping

from services.launcher.audit.rules import Rule, Subject

# Collections of which something may be deleted again, as their routes begin.
MAY_BE_DELETED = (
    "/api/v1/architect/accounts",
    "/api/v1/notification/endpoints",
    "/api/v1/notification/recipients",
    "/api/v1/notification/suppressions",
)

Tables = Mapping[tuple[str, str], Collection[str]]
"""The columns of each table that tells its rows by `id`, by schema and name."""


def requests(tables: Tables) -> Subject:
    """The rules about answers, over these tables: ids are unique,
    so that it may stand in any of a service's."""
    return Subject(
        "requests answered under a key",
        "SELECT count(*) FROM answers WHERE status BETWEEN 200 AND 299",
        (
            Rule(
                "what an answer shows is there",
                f"""
                SELECT shown.id, concat(route, ' answered ', sub, ' with it under the key ', key,
                    ', and it is not there') AS what
                FROM ({_SHOWN}) AS shown WHERE NOT EXISTS (
                    SELECT FROM ({_things(tables)}) AS thing
                    WHERE thing.service = shown.service AND thing.id::text = shown.id)
                """,
            ),
            Rule(
                "what an answer shows has come as far as the answer says",
                f"""
                SELECT shown.id, concat(route, ' answered ', sub, ' with revision ', shown.revision,
                    ' under the key ', key, ', and it is at ', thing.revision) AS what
                FROM ({_SHOWN}) AS shown JOIN ({_things(tables)}) AS thing
                    ON thing.service = shown.service AND thing.id::text = shown.id
                WHERE thing.revision < shown.revision
                """,
            ),
        ),
    )


# A document's own id, or those of its items.
_SHOWN = f"""
    SELECT service, route, sub, key, item ->> 'id' AS id, (item ->> 'revision')::bigint AS revision
    FROM (
        SELECT *, convert_from(body, 'UTF8')::jsonb AS document FROM answers
        WHERE status BETWEEN 200 AND 299 AND headers ->> 'content-type' = 'application/json'
          AND NOT ({" OR ".join(f"route LIKE '{each}%'" for each in MAY_BE_DELETED)})) AS answered
    CROSS JOIN LATERAL (
        SELECT document AS item
        UNION ALL SELECT jsonb_path_query(document, 'lax $.items[*]')) AS item
    WHERE item ->> 'id' IS NOT NULL
"""


def _things(tables: Tables) -> str:
    return " UNION ALL ".join(
        f"SELECT '{schema}' AS service, id, {_revision(columns)}::bigint AS revision FROM {schema}.{name}"
        for (schema, name), columns in tables.items()
    )


def _revision(columns: Collection[str]) -> str:
    return "version" if "version" in columns else "NULL"
