"""What the launcher says when it cannot go on."""


class CannotStart(Exception):
    """The platform cannot start. The message is one line for the person at the terminal."""
