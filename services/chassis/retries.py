"""How often and after which pauses a failing message is tried again."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses between attempts, the last one repeated, and the attempts after which a message is dead.

    The defaults give a fault about eight minutes to go away. A database that is away does not count: no
    attempt was made.
    """

    delays: tuple[timedelta, ...] = (timedelta(seconds=1), timedelta(seconds=10), timedelta(minutes=1))
    attempts: int = 10

    def delay_after(self, attempt: int) -> timedelta | None:
        """The pause after a failed attempt (counted from 1); None once the message is dead."""
        if attempt >= self.attempts:
            return None
        return self.pause(attempt)

    def pause(self, attempt: int) -> timedelta:
        """The pause after an attempt, however many there were."""
        return self.delays[min(max(attempt, 1), len(self.delays)) - 1]


DEFAULT_RETRY = RetryPolicy()


def describe(error: BaseException) -> str:
    """An error in one line, for whoever looks at a parked message or a dead letter."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:1000]
