"""What is known of an account, as far as it decides which value to look for."""

from dataclasses import dataclass

from services.architect.domain.templates import Fact, TemplateInput
from services.schemas.value_model import Evidence

TYPICAL: dict[Fact, float] = {"employees": 1000.0, "annual_revenue": 100_000_000.0}
"""The size that is assumed of a company that has not stated its own."""


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account's industry, stated pains, stakeholders' personas and size; an unknown fact is absent."""

    industry: str
    pains: frozenset[str] = frozenset()
    personas: frozenset[str] = frozenset()
    employees: int | None = None
    annual_revenue: float | None = None

    def known(self, fact: Fact) -> float | None:
        """The fact's value, or None if the account has not stated it."""
        return self.employees if fact == "employees" else self.annual_revenue

    def size(self, fact: Fact) -> float:
        """The fact's value, or the typical one."""
        known = self.known(fact)
        return TYPICAL[fact] if known is None else float(known)


@dataclass(frozen=True, slots=True)
class SizedInput:
    """A template's input at an account's size. Not stated by the account, the size is an assumption too."""

    low: float
    base: float
    high: float
    evidence: Evidence


def sized(template: TemplateInput, facts: AccountFacts) -> SizedInput:
    """The input's range for an account: unchanged, or multiplied by the fact that scales it."""
    if template.scaled_by is None:
        return SizedInput(template.low, template.base, template.high, template.evidence)
    size = facts.size(template.scaled_by)
    evidence = template.evidence if facts.known(template.scaled_by) is not None else "assumption"
    return SizedInput(template.low * size, template.base * size, template.high * size, evidence)
