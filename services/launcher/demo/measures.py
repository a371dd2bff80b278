"""What the platform says of itself in its metrics, over all services."""

from collections import defaultdict
from collections.abc import Mapping

from prometheus_client.parser import text_string_to_metric_families

from services.launcher.demo.gateway import client_of
from services.launcher.errors import CannotStart

PATH = "/api/v1/metrics"

Labels = frozenset[tuple[str, str]]


class Measures:
    """A reading of all counters: sums over every sample whose labels hold what is asked for."""

    def __init__(self, samples: Mapping[tuple[str, Labels], float]) -> None:
        self._samples = samples

    def total(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels; 0 where there is none."""
        wanted = frozenset(labels.items())
        return sum(value for (each, held), value in self._samples.items() if each == name and wanted <= held)


async def read(*addresses: str) -> Measures:
    """Over all services that stand at these addresses.

    Raises:
        CannotStart: one of them does not tell.
    """
    samples: defaultdict[tuple[str, Labels], float] = defaultdict(float)
    for address in addresses:
        async with client_of(address) as client:
            answer = await client.get(PATH)
        if answer.is_error:
            raise CannotStart(f"{answer.request.url} was answered {answer.status_code}.")
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                samples[sample.name, frozenset(sample.labels.items())] += sample.value
    return Measures(samples)
