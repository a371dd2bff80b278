"""What the architect emits is what its published examples promise: every event, field by field."""

import json
from typing import Any

import httpx2
import pytest

from services.schemas import examples
from services.schemas.events import EVENTS, EventPayload
from services.schemas.events.platform import TenantProvisioned
from tests.architect.api.cases import HYPOTHESES, PUMPS, accepted, drafted, if_match, posted, proposed, step
from tests.architect.api.outbox import events_about
from tests.harness.platform import Company

# The last is not the architect's own word: the operator puts it into its outbox.
EMITTED = [
    spec.payload for spec in EVENTS if spec.producer == "architect" and spec.payload is not TenantProvisioned
]

EXAMPLES = {payload: examples.event(payload).data for payload in EMITTED}


def _shape(value: Any) -> Any:
    """What a document looks like, whatever it says; a whole number may stand for any other."""
    if isinstance(value, dict):
        return {key: _shape(inner) for key, inner in value.items()}
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__


async def _subjects(company: Company) -> list[str]:
    """The ids of a hypothesis that was rejected, then accepted, and of a model approved twice."""
    ada: httpx2.AsyncClient = company.person("ada", "value-engineer")
    eve = company.person("eve", "approver")
    [best, *_] = await proposed(ada, PUMPS)
    rejected = await posted(ada, f"{HYPOTHESES}/{best['id']}/reject", {"reason": "No."}, **if_match(best))
    await accepted(ada, rejected)
    model = await drafted(ada)
    for _ in range(2):
        model = await step(eve, await step(ada, model, "request-review"), "approve")
        model = await step(ada, model, "revise")
    return [best["id"], model["id"]]


@pytest.mark.parametrize("payload", EMITTED, ids=lambda payload: payload.event_type)
async def test_an_emitted_event_is_like_its_example(company: Company, payload: type[EventPayload]) -> None:
    rows = [row for subject in await _subjects(company) for row in await events_about(company, subject)]
    emitted = [row for row in rows if row.type == payload.event_type]
    assert emitted
    for row in emitted:
        payload.model_validate_json(json.dumps(row.payload))
        assert _shape(row.payload) == _shape(EXAMPLES[payload])
