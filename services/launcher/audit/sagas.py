"""Saga logs: no step is done twice, what was given up is undone, and nothing stands past its time."""

from services.launcher.audit.rules import Rule, Subject

SAGAS = Subject(
    "sagas",
    "SELECT count(*) FROM sagas",
    (
        Rule(
            "no saga is stuck",
            """
            SELECT id, concat(name, ' of ', subject, ' is stuck at step ', position + 1, ': ', reason) AS what
            FROM sagas WHERE status = 'stuck'
            """,
        ),
        Rule(
            "no saga stands past its time",
            """
            SELECT id, concat(name, ' of ', subject, ' was due at ', due_at, ', leased until ', lease_until)
                AS what
            FROM sagas, moments WHERE status IN ('running', 'compensating')
              AND (due_at IS NULL OR due_at < since) AND (lease_until IS NULL OR lease_until < since)
            """,
        ),
        Rule(
            "a log begins with the start and is whole",
            """
            SELECT id, concat('its log has ', entries, ' entries up to number ', last, ' and begins with ',
                first)
                AS what
            FROM (
                SELECT sagas.id, count(number) AS entries, max(number) AS last,
                    (array_agg(entry ORDER BY number))[1] AS first
                FROM sagas LEFT JOIN saga_log ON saga_id = sagas.id AND saga_log.service = sagas.service
                GROUP BY sagas.service, sagas.id) AS logged
            WHERE entries IS DISTINCT FROM last OR first IS DISTINCT FROM 'started'
            """,
        ),
        Rule(
            "a saga ends once, as its log says",
            """
            SELECT id, concat('it is ', status, ', and its log says: ', coalesce(ends, 'no end')) AS what
            FROM (
                SELECT sagas.id, status, (
                    SELECT string_agg(entry, ', ' ORDER BY number) FROM saga_log WHERE saga_id = sagas.id
                    AND entry IN ('completed', 'failed')) AS ends
                FROM sagas) AS ended
            WHERE ends IS DISTINCT FROM CASE status WHEN 'done' THEN 'completed' WHEN 'failed'
                THEN 'failed' END
            """,
        ),
        Rule(
            "no step is done twice by its participant",
            """
            SELECT saga_id AS id, concat(step, CASE WHEN compensation
                THEN ' was undone ' ELSE ' was done ' END,
                count(*), ' times by ', service) AS what
            FROM handled WHERE refusal IS NULL
            GROUP BY service, saga_id, step, compensation HAVING count(*) > 1
            """,
        ),
        Rule(
            "no step is noted as done twice",
            """
            SELECT saga_id AS id, concat(step, CASE WHEN compensation
                THEN ' was undone ' ELSE ' was done ' END,
                count(*), ' times by the log') AS what
            FROM saga_log WHERE entry = 'done' GROUP BY saga_id, step, compensation HAVING count(*) > 1
            """,
        ),
        Rule(
            "what the log notes as done, a participant did",
            """
            SELECT saga_id AS id, concat(step, ' is noted as done, and nobody handled command ', command_id)
                AS what
            FROM saga_log WHERE entry = 'done' AND NOT EXISTS (
                SELECT FROM handled WHERE handled.command_id = saga_log.command_id AND refusal IS NULL)
            """,
        ),
        Rule(
            "a saga that is done has done every step",
            """
            SELECT sagas.id, concat(step, ' is not noted as done') AS what
            FROM sagas JOIN steps ON saga = name WHERE status = 'done' AND NOT EXISTS (
                SELECT FROM saga_log WHERE saga_id = sagas.id AND saga_log.step = steps.step
                AND entry = 'done' AND NOT compensation)
            """,
        ),
        Rule(
            "a saga that failed has undone what was done",
            """
            SELECT sagas.id, concat(handled.step, ' was done by ', handled.service, ', and is not undone')
                AS what
            FROM sagas JOIN handled ON saga_id = sagas.id AND refusal IS NULL AND NOT compensation
            JOIN steps ON saga = name AND steps.step = handled.step AND can_be_undone
            WHERE status = 'failed' AND NOT EXISTS (
                SELECT FROM handled AS undone WHERE undone.saga_id = sagas.id AND undone.step = handled.step
                AND undone.compensation AND undone.refusal IS NULL)
            """,
        ),
        Rule(
            "a command belongs to a saga",
            """
            SELECT command_id AS id, concat(service, ' handled ', type, ' of saga ', saga_id,
                ', which is not there')
                AS what
            FROM handled WHERE NOT EXISTS (SELECT FROM sagas WHERE sagas.id = saga_id)
            """,
        ),
    ),
)
