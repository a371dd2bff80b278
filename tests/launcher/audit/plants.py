"""What breaks each rule of the audit: statements in a life that is in order, by the rule that they break."""

# The tenant's one row of a kind, or its first.
_EVENT = "(SELECT id FROM architect.outbox WHERE type LIKE '%approved%' AND tenant_id = :tenant)"
_CONTRACT = "(SELECT id FROM committer.contracts WHERE tenant_id = :tenant)"
_SAGA = "(SELECT id FROM committer.sagas WHERE tenant_id = :tenant)"
_SUCCESS_PLAN = "(SELECT id FROM amplifier.success_plans WHERE tenant_id = :tenant)"
_FIRST_SETTLEMENT = (
    "contract_id = (SELECT id FROM committer.contracts WHERE tenant_id = :tenant) AND number = 1"
)

PLANTS: dict[str, str] = {
    # Requests.
    "what an answer shows is there": f"""
        DELETE FROM committer.settlements WHERE {_FIRST_SETTLEMENT};
        DELETE FROM amplifier.proof_points WHERE tenant_id = :tenant
    """,
    "what an answer shows has come as far as the answer says": """
        UPDATE architect.models SET version = 1 WHERE tenant_id = :tenant
    """,
    # Messages.
    "what happened is published": f"UPDATE architect.outbox SET published_at = NULL WHERE id = {_EVENT}",
    "an aggregate's messages are numbered without a gap": f"""
        DELETE FROM architect.outbox WHERE sequence = 1
        AND subject = (SELECT subject FROM architect.outbox WHERE id = {_EVENT})
    """,
    "an aggregate's last message is there": f"DELETE FROM architect.outbox WHERE id = {_EVENT}",
    "what was published is handled by each consumer": f"""
        DELETE FROM notification.inbox WHERE message_id = {_EVENT}
    """,
    "what was handled was sent": f"DELETE FROM architect.outbox WHERE id = {_EVENT}",
    "no message is dead": f"""
        INSERT INTO notification.parked_messages
            (tenant_id, message_id, envelope, attempts, dead_since, last_error)
        VALUES (:tenant, {_EVENT}, '{{}}', 10, now(), 'boom')
    """,
    "a message that failed is tried again in time": f"""
        INSERT INTO notification.parked_messages
            (tenant_id, message_id, envelope, attempts, not_before, last_error)
        VALUES (:tenant, {_EVENT}, '{{}}', 1, now() - interval '1 s', 'boom')
    """,
    # Sagas.
    "no saga is stuck": f"UPDATE committer.sagas SET status = 'stuck' WHERE id = {_SAGA}",
    "no saga stands past its time": f"""
        UPDATE committer.sagas SET status = 'running', due_at = now() - interval '1 s' WHERE id = {_SAGA}
    """,
    "a log begins with the start and is whole": f"""
        DELETE FROM committer.saga_log WHERE number = 3 AND saga_id = {_SAGA}
    """,
    "a saga ends once, as its log says": f"UPDATE committer.sagas SET status = 'failed' WHERE id = {_SAGA}",
    "no step is done twice by its participant": f"""
        INSERT INTO executor.handled_commands
        SELECT tenant_id, gen_random_uuid(), saga_id, step, compensation, type, refusal, handled_at
        FROM executor.handled_commands WHERE saga_id = {_SAGA}
    """,
    "no step is noted as done twice": f"""
        UPDATE committer.saga_log SET entry = 'done' WHERE step = 'lock model' AND saga_id = {_SAGA}
    """,
    "what the log notes as done, a participant did": f"""
        DELETE FROM amplifier.handled_commands WHERE saga_id = {_SAGA}
    """,
    "a saga that is done has done every step": f"""
        UPDATE committer.saga_log SET entry = 'refused'
        WHERE step = 'create success plan' AND saga_id = {_SAGA}
    """,
    "a saga that failed has undone what was done": f"""
        UPDATE committer.sagas SET status = 'failed' WHERE id = {_SAGA}
    """,
    "a command belongs to a saga": f"""
        UPDATE executor.handled_commands SET saga_id = gen_random_uuid() WHERE saga_id = {_SAGA}
    """,
    # Contracts.
    "a contract that is being activated has one saga at work, any other none": f"""
        UPDATE committer.sagas SET status = 'running' WHERE id = {_SAGA}
    """,
    "a contract came into force by one saga, or did not": f"DELETE FROM committer.sagas WHERE id = {_SAGA}",
    "a contract says why its last saga failed": f"""
        UPDATE committer.sagas SET status = 'failed', reason = 'nobody is free' WHERE id = {_SAGA};
        UPDATE committer.contracts SET state = 'activation_failed', failure = 'rain' WHERE id = {_CONTRACT}
    """,
    "a saga belongs to a contract": f"DELETE FROM committer.contracts WHERE id = {_CONTRACT}",
    "a contract stands on a model version that was approved": f"""
        UPDATE committer.contracts SET version_hash = repeat('0', 64) WHERE id = {_CONTRACT}
    """,
    "a contract in force holds its model version": f"""
        UPDATE committer.contracts SET state = 'active' WHERE id = {_CONTRACT}
    """,
    "only a contract in force holds a model version": f"""
        INSERT INTO architect.model_holds (tenant_id, contract_id, model_id, number, created_at)
        SELECT tenant_id, id, model_id, model_version, now() FROM committer.contracts WHERE id = {_CONTRACT}
    """,
    # Plans.
    "a contract in force has one delivery plan": """
        UPDATE executor.plans SET state = 'cancelled' WHERE tenant_id = :tenant
    """,
    "a contract that is not in force has no open delivery plan": f"""
        UPDATE committer.contracts SET state = 'terminated' WHERE id = {_CONTRACT};
        UPDATE executor.plans SET state = 'active' WHERE tenant_id = :tenant
    """,
    "a contract's milestones are its plan's": """
        UPDATE executor.milestones SET key = 'another' WHERE tenant_id = :tenant AND key = (
            SELECT min(key) FROM executor.milestones WHERE tenant_id = :tenant)
    """,
    "a milestone that was accepted is so for the contract": """
        UPDATE committer.milestone_results SET accepted_on = accepted_on + 1 WHERE tenant_id = :tenant
    """,
    "a plan that is completed is so for the contract": f"""
        UPDATE committer.contracts SET delivered = false WHERE id = {_CONTRACT}
    """,
    # Success plans.
    "a contract in force has one success plan": """
        DELETE FROM amplifier.success_plans WHERE tenant_id = :tenant
    """,
    "a contract that is not in force has no open success plan": f"""
        UPDATE committer.contracts SET state = 'terminated' WHERE id = {_CONTRACT}
    """,
    "a contract's commitments are its success plan's": """
        UPDATE amplifier.success_plans SET document = '{"commitments": []}' WHERE tenant_id = :tenant
    """,
    "a contract's periods are its success plan's": """
        DELETE FROM amplifier.periods WHERE place = 3 AND tenant_id = :tenant
    """,
    "accepted milestones start their drivers' ramps": """
        DELETE FROM amplifier.ramp_starts WHERE tenant_id = :tenant
    """,
    "proof points reach the architect": "DELETE FROM architect.proof_points WHERE tenant_id = :tenant",
    # Settlements.
    "a contract's settlements are numbered without a gap": f"""
        DELETE FROM committer.settlements WHERE {_FIRST_SETTLEMENT}
    """,
    "its lines add up to its net amount": f"""
        UPDATE committer.settlements SET net = net + 0.01 WHERE {_FIRST_SETTLEMENT}
    """,
    "nothing is charged twice": f"""
        INSERT INTO committer.settlements
        SELECT tenant_id, gen_random_uuid(), version, contract_id, account_id, 99, period, state, currency,
            lines, net, issued_at FROM committer.settlements WHERE {_FIRST_SETTLEMENT}
    """,
    "each settled period has its settlement": """
        DELETE FROM committer.settlements WHERE tenant_id = :tenant AND number = (
            SELECT max(number) FROM committer.settlements WHERE tenant_id = :tenant)
    """,
    "a contract is completed with its last period": f"""
        UPDATE committer.contracts SET state = 'active' WHERE id = {_CONTRACT}
    """,
    "a closed period is known to the committer as it was closed": """
        UPDATE committer.period_results SET realised = regexp_replace(
            realised::text, '"realised": {"amount": "-?', '"realised": {"amount": "9')::json
        WHERE tenant_id = :tenant
    """,
    "what the committer knows of was closed": """
        UPDATE amplifier.periods SET state = 'open' WHERE place = 3 AND tenant_id = :tenant
    """,
    "a period that can be settled is": f"""
        UPDATE committer.contracts SET state = 'active', settled_periods = 3 WHERE id = {_CONTRACT}
    """,
    "a settlement is announced once, as it is": f"""
        UPDATE committer.settlements SET net = net + 0.01 WHERE {_FIRST_SETTLEMENT}
    """,
    "what was announced is a settlement": f"""
        DELETE FROM committer.settlements WHERE {_FIRST_SETTLEMENT}
    """,
    # Deliveries.
    "a message goes by some channel, unless its reader chose none": """
        DELETE FROM notification.deliveries WHERE tenant_id = :tenant
    """,
    "what is delivered tells of an event that was handled": f"""
        DELETE FROM notification.inbox WHERE message_id = {_EVENT}
    """,
    "a delivery goes out in time": """
        UPDATE notification.deliveries SET state = 'pending', due_at = now() - interval '1 s'
        WHERE tenant_id = :tenant
    """,
}
