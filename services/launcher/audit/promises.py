"""Contracts, plans and success plans: what a contract in force stands on is there, once, and nothing else."""

from services.launcher.audit.rules import Rule, Subject

_OF_CONTRACT = "name = 'activate-contract' AND subject = contracts.id::text"
_IS_LIVE = "status IN ('running', 'compensating', 'stuck')"

CONTRACTS = Subject(
    "contracts",
    "SELECT count(*) FROM committer.contracts",
    (
        Rule(
            "a contract that is being activated has one saga at work, any other none",
            f"""
            SELECT id, concat('it is ', state, ', and ', live, ' sagas are at work') AS what
            FROM (
                SELECT id, state, (SELECT count(*) FROM sagas WHERE {_OF_CONTRACT} AND {_IS_LIVE}) AS live
                FROM committer.contracts) AS activated
            WHERE live <> CASE state WHEN 'activating' THEN 1 ELSE 0 END
            """,
        ),
        Rule(
            "a contract came into force by one saga, or did not",
            f"""
            SELECT id, concat('it is ', state, ', and ', done, ' of its sagas are done') AS what
            FROM (
                SELECT id, state, (SELECT count(*) FROM sagas WHERE {_OF_CONTRACT} AND status = 'done')
                    AS done
                FROM committer.contracts) AS activated
            WHERE done <> CASE WHEN state IN ('active', 'completed', 'terminated') THEN 1 ELSE 0 END
            """,
        ),
        Rule(
            "a contract says why its last saga failed",
            f"""
            SELECT id, concat('it says "', failure, '", and its saga "', reason, '"') AS what
            FROM (
                SELECT id, failure, (SELECT reason FROM sagas WHERE {_OF_CONTRACT}
                    ORDER BY started_at DESC, sagas.id DESC LIMIT 1) AS reason
                FROM committer.contracts WHERE state = 'activation_failed') AS failed
            WHERE failure IS DISTINCT FROM reason
            """,
        ),
        Rule(
            "a saga belongs to a contract",
            """
            SELECT id, concat('there is no contract ', subject) AS what FROM sagas
            WHERE name = 'activate-contract'
              AND NOT EXISTS (SELECT FROM committer.contracts WHERE contracts.id::text = subject)
            """,
        ),
        Rule(
            "a contract stands on a model version that was approved",
            """
            SELECT id, concat('version ', model_version, ' of model ', model_id,
                ' is not there as it was agreed')
                AS what
            FROM committer.contracts WHERE NOT EXISTS (
                SELECT FROM architect.model_versions AS version WHERE version.model_id = contracts.model_id
                AND number = model_version AND version.version_hash = contracts.version_hash
                AND approved_at IS NOT NULL)
            """,
        ),
        Rule(
            "a contract in force holds its model version",
            """
            SELECT id, concat('it is ', state, ', and holds no version of model ', model_id) AS what
            FROM committer.contracts WHERE state = 'active' AND NOT EXISTS (
                SELECT FROM architect.model_holds AS hold WHERE contract_id = contracts.id
                AND hold.model_id = contracts.model_id AND number = model_version)
            """,
        ),
        Rule(
            "only a contract in force holds a model version",
            """
            SELECT contract_id AS id, concat('it is ', coalesce(state, 'not there'), ', and holds model ',
                hold.model_id) AS what
            FROM architect.model_holds AS hold LEFT JOIN committer.contracts ON contracts.id = contract_id
            WHERE (state IS NULL OR state NOT IN ('activating', 'active')) AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = contract_id::text AND consumer = 'architect')
            """,
        ),
    ),
)


def _one_a_contract(kind: str, table: str, service: str, open_states: str) -> tuple[Rule, Rule]:
    """Of a kind of plan; one that was made by hand, for a contract that is not here, is nobody's business."""
    plans = f"(SELECT count(*) FROM {table} AS plan WHERE contract_id = contracts.id AND plan.state"
    return (
        Rule(
            f"a contract in force has one {kind}",
            f"""
            SELECT id, concat('it is ', state, ', and has ', number) AS what
            FROM (SELECT id, state, {plans} <> 'cancelled') AS number FROM in_force AS contracts) AS planned
            WHERE number <> 1
            """,
        ),
        Rule(
            f"a contract that is not in force has no open {kind}",
            f"""
            SELECT id, concat('it is ', state, ', and has ', number) AS what
            FROM (
                SELECT id, state, {plans} IN ({open_states})) AS number FROM committer.contracts
                WHERE state NOT IN ('activating', 'active', 'completed')) AS planned
            WHERE number > 0 AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = planned.id::text AND consumer = '{service}')
            """,
        ),
    )


PLANS = Subject(
    "delivery plans",
    "SELECT count(*) FROM executor.plans",
    (
        *_one_a_contract("delivery plan", "executor.plans", "executor", "'planned', 'active'"),
        Rule(
            "a contract's milestones are its plan's",
            """
            SELECT plan.id, concat('milestone ', agreed ->> 'key', ' of contract ', contract_id,
                ' is not there')
                AS what
            FROM in_force JOIN executor.plans AS plan ON contract_id = in_force.id
                AND plan.state <> 'cancelled'
            CROSS JOIN json_array_elements(in_force.milestones::json) AS agreed
            WHERE NOT EXISTS (
                SELECT FROM executor.milestones WHERE plan_id = plan.id AND key = agreed ->> 'key')
            """,
        ),
        Rule(
            "a milestone that was accepted is so for the contract",
            """
            SELECT milestone.id, concat(key, ' of contract ', contract_id, ' was accepted on ', accepted_on,
                ', for the committer on ', noted) AS what
            FROM (
                SELECT milestones.*, contract_id, (
                    SELECT accepted_on FROM committer.milestone_results AS result
                    WHERE result.contract_id = plan.contract_id AND milestone = key) AS noted
                FROM executor.milestones JOIN executor.plans AS plan ON plan.id = plan_id
                JOIN in_force ON in_force.id = contract_id
                WHERE plan.state <> 'cancelled') AS milestone
            WHERE CASE WHEN state = 'accepted' THEN accepted_on END IS DISTINCT FROM noted AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = plan_id::text AND consumer = 'committer')
            """,
        ),
        Rule(
            "a plan that is completed is so for the contract",
            """
            SELECT plan.id, concat('it is completed, and contract ', contract_id, ' is not delivered') AS what
            FROM executor.plans AS plan JOIN in_force ON in_force.id = contract_id
            WHERE plan.state = 'completed' AND NOT delivered AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = plan.id::text AND consumer = 'committer')
            """,
        ),
    ),
)

SUCCESS_PLANS = Subject(
    "success plans",
    "SELECT count(*) FROM amplifier.success_plans",
    (
        *_one_a_contract(
            "success plan", "amplifier.success_plans", "amplifier", "'fetching', 'active', 'refused'"
        ),
        Rule(
            "a contract's commitments are its success plan's",
            """
            SELECT plan.id, concat('commitment ', agreed ->> 'id', ' of contract ', contract_id,
                ' is not there')
                AS what
            FROM in_force JOIN amplifier.success_plans AS plan
                ON contract_id = in_force.id AND plan.state <> 'cancelled'
            CROSS JOIN json_array_elements(promises::json) AS agreed
            WHERE NOT EXISTS (
                SELECT FROM json_array_elements(document -> 'commitments') AS kept
                WHERE kept ->> 'id' = agreed ->> 'id')
            """,
        ),
        Rule(
            "a contract's periods are its success plan's",
            """
            SELECT id, concat('it has ', number, ' periods, and contract ', contract_id, ' ', periods) AS what
            FROM (
                SELECT plan.id, contract_id, in_force.periods,
                    (SELECT count(*) FROM amplifier.periods WHERE plan_id = plan.id) AS number
                FROM in_force JOIN amplifier.success_plans AS plan
                    ON contract_id = in_force.id AND plan.state <> 'cancelled') AS planned
            WHERE number <> periods
            """,
        ),
        Rule(
            "accepted milestones start their drivers' ramps",
            """
            SELECT milestones.id, concat(key, ' was accepted, and driver ', driver, ' has not started')
                AS what
            FROM executor.milestones JOIN executor.plans AS plan ON plan.id = plan_id
            CROSS JOIN unnest(driver_keys) AS driver
            WHERE milestones.state = 'accepted' AND NOT EXISTS (
                SELECT FROM amplifier.ramp_starts AS ramp
                WHERE ramp.contract_id = plan.contract_id AND driver_key = driver) AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = plan_id::text AND consumer = 'amplifier')
            """,
        ),
        Rule(
            "proof points reach the architect",
            """
            SELECT point.id, concat('driver ', point.driver_key, ' is not proven to the architect') AS what
            FROM amplifier.proof_points AS point WHERE NOT EXISTS (
                SELECT FROM architect.proof_points AS known WHERE known.id = point.id) AND NOT EXISTS (
                SELECT FROM under_way WHERE subject = plan_id::text AND consumer = 'architect')
            """,
        ),
    ),
)
