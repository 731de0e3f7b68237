"""Refusals: what could not be done, to which thing, why, and what now, in words for a person.

Raised by commands and queries, turned into answers by `opsknight.api.problems`.
"""

from __future__ import annotations


class CannotStart(Exception):
    """OpsKnight cannot do its work in this place; the text says why and what now, for the one who started it."""


class Refusal(Exception):
    """Something a person or a program asked for is not done; `sentence` says why and what now."""

    def __init__(self, sentence: str) -> None:
        """Keep `sentence`; it is shown as it is, so it must never hold a secret."""
        super().__init__(sentence)
        self.sentence = sentence


class SignInRequired(Refusal):
    """Nobody is signed in, or the session is over."""


class Forbidden(Refusal):
    """The person is known and may not do this."""


class NotFound(Refusal):
    """The thing does not exist, or this person must not know that it does."""


class Gone(Refusal):
    """The thing was here once, and will not come back under this name."""


class Conflict(Refusal):
    """The thing is in a state that does not allow this."""


class Stale(Conflict):
    """The thing changed while the person was looking; `current` is what it is now, as plain JSON."""

    def __init__(self, sentence: str, *, current: object = None) -> None:
        """Keep the sentence and what to show in place of the outdated view."""
        super().__init__(sentence)
        self.current = current


class Invalid(Refusal):
    """What was sent cannot be used; the sentence names the field."""


class TooLarge(Refusal):
    """What was sent is larger than allowed; the sentence names the limit."""


class Unavailable(Refusal):
    """It cannot be done now, but the same request may be sent again after `retry_after_s` seconds."""

    def __init__(self, sentence: str, *, retry_after_s: float = 1.0) -> None:
        """Keep the sentence and how long to wait."""
        super().__init__(sentence)
        self.retry_after_s = retry_after_s


class TurnedAway(Unavailable):
    """Refused without having waited. Whoever answers waits a moment first: at once, it would make senders hammer."""


class Throttled(TurnedAway):
    """Its sender sends more than its share, and others would have to wait for it."""
