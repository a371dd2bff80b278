"""Optimistic concurrency: a resource's version is its ETag, and a change names the version it read."""

import re
from typing import Annotated

from fastapi import Header, Response

from services.chassis import problems

_STRONG = re.compile(r'^"(\d{1,18})"$')


def set_etag(response: Response, version: int) -> None:
    """Tells the reader the version, as a strong ETag."""
    response.headers["ETag"] = f'"{version}"'


class ExpectedVersion:
    """The version that `If-Match` names."""

    def __init__(self, version: int) -> None:
        self.version = version

    def check(self, actual: int) -> None:
        """Raises:
        PreconditionFailed: the resource has another version by now.
        """
        if self.version != actual:
            raise problems.PreconditionFailed(
                f'It is at version "{actual}", not "{self.version}"; read it again.'
            )


async def if_match(
    if_match: Annotated[
        str | None, Header(description="The ETag that was read; required.", examples=['"1"'])
    ] = None,
) -> ExpectedVersion:
    """The dependency of every route that changes a resource.

    Raises:
        PreconditionRequired: there is no `If-Match`.
        PreconditionFailed: it is not an ETag of ours.
    """
    if if_match is None:
        raise problems.PreconditionRequired("Send If-Match with the ETag of what you read.")
    found = _STRONG.match(if_match.strip())
    if found is None:
        raise problems.PreconditionFailed('If-Match takes one strong ETag, such as "3".')
    return ExpectedVersion(int(found.group(1)))
