"""Outbox and inbox: each message is published in its order, and handled once by each who is to handle it."""

from services.launcher.audit.rules import Rule, Subject, born

MESSAGES = Subject(
    "events, commands and replies",
    "SELECT count(*) FROM sent",
    (
        Rule(
            "what happened is published",
            """
            SELECT id, concat(type, ' of ', service, ' waits since ', occurred_at, ': ', last_error) AS what
            FROM sent, moments WHERE published_at IS NULL AND occurred_at < since
            """,
        ),
        # A row whose predecessor was pruned begins anew, unless the tenant is younger than that.
        Rule(
            "an aggregate's messages are numbered without a gap",
            """
            SELECT id, concat(type, ' of ', service, ' about ', subject, ' is number ', sequence,
                ' and follows on ', before) AS what
            FROM (
                SELECT *, lag(sequence) OVER aggregate AS before, lag(published_at) OVER aggregate AS out_at
                FROM sent WINDOW aggregate AS (PARTITION BY service, subject ORDER BY sequence)) AS row,
                    moments
            WHERE occurred_at > kept AND (out_at IS NULL OR out_at > kept)
              AND sequence <> CASE
                WHEN before IS NOT NULL THEN before + 1
                WHEN (SELECT min(provisioned_at) FROM architect.tenants) > kept THEN 1
                ELSE sequence END
            """,
        ),
        Rule(
            "an aggregate's last message is there",
            """
            SELECT subject AS id, concat(service, ' has counted ', last,
                ' messages about it, and the last is ',
                newest) AS what
            FROM (
                SELECT counters.*, (SELECT max(sequence) FROM sent WHERE sent.service = counters.service
                    AND sent.subject = counters.subject) AS newest FROM counters) AS counted, moments
            WHERE last <> newest
               OR newest IS NULL AND (SELECT min(provisioned_at) FROM architect.tenants) > kept
            """,
        ),
        Rule(
            "what was published is handled by each consumer",
            """
            SELECT id, concat(type, ' of ', service, ' about ', subject, ' was not handled by ', consumer)
                AS what
            FROM under_way, moments WHERE published_at < since AND NOT EXISTS (
                SELECT FROM parked WHERE parked.service = consumer AND message_id = under_way.id)
            """,
        ),
        Rule(
            "what was handled was sent",
            f"""
            SELECT message_id AS id, concat(consumer, ' handled what nobody sent') AS what
            FROM received, moments WHERE {born("message_id")} > kept
              AND NOT EXISTS (SELECT FROM sent WHERE id = message_id)
            """,
        ),
        Rule(
            "no message is dead",
            """
            SELECT message_id AS id, concat(envelope ->> 'type', ' for ', service, ' is dead since ',
                dead_since,
                ': ', last_error) AS what
            FROM parked WHERE dead_since IS NOT NULL
            """,
        ),
        Rule(
            "a message that failed is tried again in time",
            """
            SELECT message_id AS id, concat(envelope ->> 'type', ' for ', service, ' was due at ', not_before,
                ': ', last_error) AS what
            FROM parked, moments WHERE dead_since IS NULL AND not_before < since
            """,
        ),
    ),
)
