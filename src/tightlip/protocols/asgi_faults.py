"""What is wrong with an answer that an application gave, or did not give."""

from __future__ import annotations


class MissingAnswerError(Exception):
    """The application ended without an answer, or without the end of it."""


class LeakError(Exception):
    """What an application sends carries internals, and part of it has left already."""


class UnsendableError(Exception):
    """The application gave an answer that HTTP, or a WebSocket, has no form for."""


class EndedEarlyError(Exception):
    """Code of the application asked for the end of the process or of its task, and gets it not."""


class UntoldError(Exception):
    """Code of the application raised an exception that hides of which class it is."""
