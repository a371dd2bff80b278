"""What a call of a peer can end with, other than its answer.

Unavailable 503
└── PeerUnavailable       no answer, or none in time
PeerError
├── PeerProblem           the peer refused, with a problem document
└── PeerMisunderstood     its answer is not the document that it promised
"""

from services.chassis.problems import Unavailable
from services.schemas.problem import ProblemDocument


class PeerUnavailable(Unavailable):
    """The peer does not answer; unhandled, it is the problem 503 of the request that needed the peer."""

    def __init__(self, peer: str, reason: str) -> None:
        super().__init__(f"{peer} is away for the moment.")
        self.peer = peer
        self.reason = reason


class PeerError(Exception):
    """An answer that is not the one asked for; unhandled, a fault of ours: 500."""


class PeerProblem(PeerError):
    """The peer refused: `status` and `problem` say why."""

    def __init__(self, peer: str, problem: ProblemDocument) -> None:
        super().__init__(f"{peer} answered {problem.status} {problem.code}: {problem.detail}")
        self.peer = peer
        self.status = problem.status
        self.problem = problem


class PeerMisunderstood(PeerError):
    """The answer is not the document that the peer promised."""
