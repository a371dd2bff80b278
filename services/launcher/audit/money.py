"""Settlements: each closed period is settled once, by the values that were closed, and the lines add up."""

from services.launcher.audit.rules import Rule, Subject

_REALISED = """
    SELECT coalesce(jsonb_object_agg(value ->> 'commitment_id', (value -> 'realised' ->> 'amount')::numeric),
        '{{}}') FROM json_array_elements({values}) AS value
"""

SETTLEMENTS = Subject(
    "settlements",
    "SELECT count(*) FROM committer.settlements",
    (
        Rule(
            "a contract's settlements are numbered without a gap",
            """
            SELECT id, concat('number ', number, ' of contract ', contract_id, ' is the ', place,
                '. there') AS what
            FROM (
                SELECT *, row_number() OVER (PARTITION BY contract_id ORDER BY number) AS place
                FROM committer.settlements) AS numbered
            WHERE number <> place
            """,
        ),
        Rule(
            "its lines add up to its net amount",
            """
            SELECT id, concat('its net amount is ', net, ', its lines add up to ', total) AS what
            FROM (
                SELECT id, net, (SELECT coalesce(sum((line ->> 'amount')::numeric), 0)
                    FROM json_array_elements(lines) AS line) AS total
                FROM committer.settlements) AS summed
            WHERE net <> total
            """,
        ),
        Rule(
            "nothing is charged twice",
            """
            SELECT contract_id AS id, concat(line ->> 'part', ' of ', line ->> 'term', ' for ',
                line ->> 'period',
                ' was charged ', count(*), ' times') AS what
            FROM committer.settlements CROSS JOIN json_array_elements(lines) AS line
            WHERE NOT (line ->> 'is_correction')::boolean
            GROUP BY contract_id, line ->> 'term', line ->> 'part', line ->> 'period' HAVING count(*) > 1
            """,
        ),
        Rule(
            "each settled period has its settlement",
            """
            SELECT id, concat(settled_periods, ' periods are settled, by settlements of ', number) AS what
            FROM (
                SELECT id, settled_periods, (SELECT count(DISTINCT period) FROM committer.settlements
                    WHERE contract_id = contracts.id) AS number FROM committer.contracts) AS settled
            WHERE settled_periods > number
            """,
        ),
        Rule(
            "a contract is completed with its last period",
            """
            SELECT id, concat('it is ', state, ' with ', settled_periods, ' of ', periods, ' periods settled')
                AS what
            FROM committer.contracts
            WHERE (state = 'completed') <> (settled_periods = periods) AND state <> 'terminated'
            """,
        ),
        Rule(
            "a closed period is known to the committer as it was closed",
            f"""
            SELECT plan_id AS id, concat(key, ' of contract ', contract_id, ' was closed with ', closed,
                ', and is to be settled with ', coalesce(noted::text, 'nothing')) AS what
            FROM (
                SELECT plan_id, key, contract_id, ({_REALISED.format(values="figures")}) AS closed, (
                    SELECT ({_REALISED.format(values="realised")}) FROM committer.period_results AS result
                    WHERE result.contract_id = plan.contract_id AND result.period = key) AS noted
                FROM amplifier.periods JOIN amplifier.success_plans AS plan ON plan.id = plan_id
                JOIN in_force ON in_force.id = contract_id
                WHERE periods.state IN ('closed', 'restated') AND plan.state <> 'cancelled') AS told
            WHERE closed IS DISTINCT FROM noted AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = plan_id::text AND consumer = 'committer')
            """,
        ),
        Rule(
            "what the committer knows of was closed",
            """
            SELECT contract_id AS id, concat('nobody closed ', period) AS what
            FROM committer.period_results AS result WHERE NOT EXISTS (
                SELECT FROM amplifier.periods JOIN amplifier.success_plans AS plan ON plan.id = plan_id
                WHERE plan.contract_id = result.contract_id AND key = period
                AND periods.state IN ('closed', 'restated'))
            """,
        ),
        Rule(
            "a period that can be settled is",
            """
            SELECT contracts.id, concat(period, ' is closed, and not settled') AS what
            FROM committer.contracts JOIN committer.period_results AS result ON contract_id = contracts.id
            JOIN amplifier.success_plans AS plan ON plan.contract_id = contracts.id
                AND plan.state <> 'cancelled'
            JOIN amplifier.periods ON plan_id = plan.id AND key = period AND place = settled_periods
            WHERE contracts.state = 'active'
            """,
        ),
        Rule(
            "a settlement is announced once, as it is",
            """
            SELECT id, concat('it was announced ', number, ' times with its net amount') AS what
            FROM (
                SELECT settlements.id, issued_at, (
                    SELECT count(*) FROM sent WHERE type = 'committer.settlement.issued.v1'
                    AND subject = settlements.id::text AND (payload -> 'net' ->> 'amount')::numeric = net)
                    AS number
                FROM committer.settlements) AS issued, moments
            WHERE issued_at > kept AND number <> 1
            """,
        ),
        Rule(
            "what was announced is a settlement",
            """
            SELECT subject AS id, concat('a settlement of contract ', payload ->> 'contract_id',
                ' was announced, and is not there') AS what
            FROM sent WHERE type = 'committer.settlement.issued.v1'
              AND NOT EXISTS (SELECT FROM committer.settlements WHERE settlements.id::text = subject)
            """,
        ),
    ),
)
