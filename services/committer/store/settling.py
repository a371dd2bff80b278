"""Issuing what is due: an opening settlement, each closed period's in turn, corrections after the last."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from services.chassis.unit_of_work import UnitOfWork
from services.committer.domain.agreement import Agreement
from services.committer.domain.settlement import OPENING, Facts, Line, claims, label, statement
from services.committer.metrics import VALUE_SETTLED
from services.committer.store.contracts import ContractRow, Contracts
from services.committer.store.results import PeriodResultRow, Results
from services.committer.store.settlements import LabelledLine, SettlementRow, Settlements
from services.schemas.events.committer import ContractCompleted, SettlementIssued, SettlementLine
from services.schemas.money import minor_units
from services.schemas.terms import GainShare

_ENDED = frozenset({"completed", "terminated"})


async def open_account(uow: UnitOfWork, contract: ContractRow) -> None:
    """Issues what is billed in advance of the first period of a contract that comes into force."""
    books = _Books(uow, contract)
    await books.open()
    await books.begin()


async def settle(uow: UnitOfWork, contract: ContractRow) -> None:
    """Issues every settlement that is due of a contract which this unit of work holds.

    Periods settle in their order: one that was closed early waits for those before it. What is restated or
    accepted later stands in the next settlement; once there is no next one, in a settlement of its own.
    """
    books = _Books(uow, contract)
    await books.open()
    if contract.state != "active":
        await books.correct()
        return
    while books.next_is_closed:
        await books.close_next()
    if contract.settled_periods == contract.periods:
        contract.live(contract.life.step("complete"))
        await uow.emit(ContractCompleted(**contract.said_by_events()), subject=contract.id)
        await Contracts(uow).touch(contract)


class _Books:
    """One contract's results and settlements in one unit of work."""

    agreement: Agreement
    results: Mapping[str, PeriodResultRow]
    accepted: Mapping[str, int]
    settled: list[SettlementRow]

    def __init__(self, uow: UnitOfWork, contract: ContractRow) -> None:
        self._uow = uow
        self._contract = contract
        self._results = Results(uow, contract.id)

    async def open(self) -> None:
        self.agreement = self._contract.agreement
        calendar = self.agreement.calendar
        self.keys = [period.key for period in calendar.periods]
        self.results = await self._results.periods()
        accepted = await self._results.accepted()
        self.accepted = {key: calendar.place_at(day) for key, day in accepted.items()}
        self.settled = list(await Settlements(self._uow).of_contract(self._contract.id))

    @property
    def next_is_closed(self) -> bool:
        place = self._contract.settled_periods
        return place < len(self.keys) and self.keys[place] in self.results

    async def begin(self) -> None:
        lines = self._lines(OPENING)
        if lines:
            await self._issue(lines, self.keys[0])

    async def close_next(self) -> None:
        place = self._contract.settled_periods
        self._contract.settled_periods = place + 1
        await self._issue(self._lines(place), self.keys[place])
        await Contracts(self._uow).touch(self._contract)

    async def correct(self) -> None:
        """Settles what changed after the last settlement; nothing where that makes no difference."""
        lines = self._lines(None)
        if any(line.amount for line in lines):
            await self._issue(lines, self.keys[max(self._contract.settled_periods - 1, 0)])

    def _lines(self, closing: int | None) -> Sequence[Line]:
        agreement, closed = self.agreement, self._contract.settled_periods
        realised = [self.results[key].values for key in self.keys[:closed]]
        shared = [term for term in agreement.terms if isinstance(term, GainShare)]
        facts = Facts(
            periods=len(self.keys),
            closed=closed,
            gains={term.key: agreement.gains_of(term, realised) for term in shared},
            accepted=self.accepted,
            ended=self._contract.state in _ENDED,
        )
        return statement(
            agreement.terms,
            claims(agreement.terms, facts, minor_units(self._contract.currency)),
            [line for settlement in self.settled for line in settlement.issued],
            closing=closing,
            restated={place for place, key in enumerate(self.keys[:closed]) if self.results[key].restated},
        )

    async def _issue(self, lines: Sequence[Line], period: str) -> None:
        contract = self._contract
        labelled = [
            LabelledLine(line, label(line, self.agreement.terms, key), key)
            for line in lines
            for key in [self.keys[line.place.period]]
        ]
        row = await Settlements(self._uow).issue(
            contract, labelled, number=len(self.settled) + 1, period=period
        )
        self.settled.append(row)
        for result in self.results.values():
            result.restated = False
        event = SettlementIssued(
            **contract.said_by_events(),
            settlement_id=row.id,
            period=period,
            lines=tuple(_told(contract, each) for each in labelled),
            net=contract.money(row.net),
        )
        await self._uow.emit(event, subject=row.id)
        self._uow.count(VALUE_SETTLED, by=float(max(row.net, Decimal(0))), currency=contract.currency)


def _told(contract: ContractRow, each: LabelledLine) -> SettlementLine:
    line = each.line
    return SettlementLine(term=line.place.term, label=each.label, amount=contract.money(line.amount))
