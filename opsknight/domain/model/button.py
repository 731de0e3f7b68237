"""Buttons of messages in chats: which there are, and how a press says what it means in few characters."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import ASKED_FOR, PageKind
from opsknight.domain.model.speech import say


class Press(StrEnum):
    """What a button does."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Button:
    """One that can be pressed, and what is written on it."""

    press: Press
    label: str


def buttons(kind: PageKind, *, about_one: bool, became: Status | None = None) -> Sequence[Button]:
    """Return what can be pressed as things stand, nothing of what is done already; the first is what is asked for.

    `about_one` says that the message is about a single incident, and `became` what that is by now,
    where a message that was sent is changed.
    """
    if kind in ASKED_FOR:
        return (Button(Press.ACKNOWLEDGE, say("It arrived")),)
    if kind is PageKind.DRILL:
        return (Button(Press.ACKNOWLEDGE, say("Acknowledge")),)
    if not about_one or became is Status.RESOLVED:
        return ()
    rest = (Button(Press.RESOLVE, say("Resolve")), Button(Press.ESCALATE, say("Escalate")))
    if became is not None and became is not Status.OPEN:
        return rest
    label = say("I am on it") if kind is PageKind.STILL_ON_IT else say("Acknowledge")
    return (Button(Press.ACKNOWLEDGE, label), *rest)


_LETTERS: Final = {press.value[0]: press for press in Press}


def data(press: Press, notification_id: UUID) -> str:
    """Return what a button carries: 38 characters that say what it does, and of which message it is."""
    return f"{press.value[0]}:{notification_id}"


def pressed(carried: str) -> tuple[Press, UUID] | None:
    """Return what a button does and of which message it is, by what it carries; None where that is none of ours."""
    letter, _, name = carried.partition(":")
    if letter not in _LETTERS:
        return None
    try:
        return _LETTERS[letter], UUID(name)
    except ValueError:
        return None


def sealed(carried: str, secret: str) -> str:
    """Return what proves that a button carries `carried` by our own word, to whoever knows `secret`."""
    return hmac.new(secret.encode(), b"button:" + carried.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
