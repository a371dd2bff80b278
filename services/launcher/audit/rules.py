"""What a rule of the audit is, and what its queries may speak of."""

from dataclasses import dataclass

from services.launcher.audit.definitions import definitions
from services.schemas.directory import SERVICES
from services.schemas.events import EVENTS


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold among one tenant's rows, and the query for what does not: rows of `id` and `what`."""

    holds: str
    query: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What some rules are about, and the query that counts it."""

    name: str
    counted: str
    rules: tuple[Rule, ...]


def with_views(query: str) -> str:
    """A query that may speak of the views; it takes the parameter `patience`, an interval."""
    return f"WITH {_VIEWS} {query}"


# The plumbing keeps published rows for 7 days: of what is older nothing can be said by their absence.
_KEPT = "interval '6 days'"


def born(message_id: str) -> str:
    """When an id was made: the first 48 bits of a uuid7 are milliseconds since 1970 (RFC 9562, 5.7)."""
    return f"to_timestamp(('x' || left(replace({message_id}::text, '-', ''), 12))::bit(48)::bigint / 1000.0)"


def _everywhere(table: str, columns: str) -> str:
    """The rows of one table of the plumbing in all services' schemas, `service` before them."""
    return " UNION ALL ".join(f"SELECT '{key}' AS service, {columns} FROM {key}.{table}" for key in SERVICES)


def _values(name: str, columns: str, rows: list[tuple[object, ...]]) -> str:
    listed = ", ".join("(" + ", ".join(_literal(each) for each in row) + ")" for row in rows)
    return f"{name} ({columns}) AS (VALUES {listed})"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, bool | int) else f"'{value}'"


_VIEWS = ", ".join(
    (
        # What happened before `since` has had its time; what happened after `kept` is still all there.
        f"moments AS (SELECT now() - CAST(:patience AS interval) AS since, now() - {_KEPT} AS kept)",
        f"sent AS ({_everywhere('outbox', '*')})",
        f"counters AS ({_everywhere('aggregate_sequences', 'subject, last')})",
        f"received AS ({_everywhere('inbox', 'consumer, message_id, handled_at')})",
        f"parked AS ({_everywhere('parked_messages', '*')})",
        f"sagas AS ({_everywhere('sagas', '*')})",
        f"saga_log AS ({_everywhere('saga_log', '*')})",
        f"handled AS ({_everywhere('handled_commands', '*')})",
        f"answers AS ({_everywhere('idempotency_keys', '*')})",
        _values(
            "consumers",
            "type, consumer",
            [(spec.type, consumer) for spec in EVENTS for consumer in sorted(spec.consumers)],
        ),
        _values(
            "steps",
            "saga, place, step, can_be_undone",
            [
                (saga.name, place, step.name, step.compensation is not None)
                for saga in definitions()
                for place, step in enumerate(saga.steps)
            ],
        ),
        # Each message once for each who is to handle it: an event's consumers, a command's addressee.
        """
        mail AS (
            SELECT sent.*, consumers.consumer FROM sent JOIN consumers USING (type)
            WHERE header ->> 'to' IS NULL
            UNION ALL SELECT sent.*, header ->> 'to' FROM sent WHERE header ->> 'to' IS NOT NULL)
        """,
        # Of what is still on its way no consumer can know: the rules about messages look after it.
        """
        under_way AS (
            SELECT * FROM mail WHERE NOT EXISTS (
                SELECT FROM received WHERE received.consumer = mail.consumer AND message_id = mail.id))
        """,
        "in_force AS (SELECT * FROM committer.contracts WHERE state IN ('active', 'completed'))",
    )
)
