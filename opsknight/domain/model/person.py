"""People as others write them down: a name, an address, a time zone; and whether a page would reach them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from opsknight.domain.model.cron import named_zone
from opsknight.domain.model.speech import ENGLISH, later, say

MAX_NAME: Final = 100
MAX_EMAIL: Final = 254
"""RFC 5321, 4.5.3.1.3: a path of 256 octets, of which two are its brackets."""
EMAIL: Final = "email"
LANGUAGES: Final[Mapping[str, str]] = {ENGLISH: "English"}
"""What OpsKnight can speak to people, each by its own name."""


class BadPerson(ValueError):
    """What was said of somebody cannot be kept; the text says why and what now."""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to reach somebody, as far as it matters whether it counts; `unset`: nothing carries its channel."""

    channel: str
    verified: bool
    disabled: bool = False
    silent: bool = False
    unset: bool = False

    @property
    def works(self) -> bool:
        """Whether pages go out by it."""
        return self.verified and not self.disabled and not self.unset


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether a page reaches somebody; `channels` it goes by, and `why` none does or that is little, else ""."""

    reachable: bool
    channels: tuple[str, ...] = ()
    why: str = ""

    @property
    def because(self) -> str:
        """`why` as it stands within a sentence, in the language that is spoken."""
        return say(_BECAUSE[self.why])


_BECAUSE: Final[Mapping[str, str]] = {
    "Deactivated": later("deactivated"),
    "Mail only, and no mail server is set": later("mail only, and no mail server is set"),
    "Only by channels that are not set up here": later("only by channels that are not set up here"),
    "Only devices that give no sign of life": later("only devices that give no sign of life"),
    "No contact method yet": later("no contact method yet"),
    "Nothing verified yet": later("nothing verified yet"),
    "Every contact method is off": later("every contact method is off"),
}


def named(name: str) -> str:
    """Return a person's name as it is stored.

    Raises:
        BadPerson: it is empty or too long.
    """
    name = " ".join(name.split())
    if not name:
        raise BadPerson("Say the name by which others know them, such as Ada Moreno.")
    if len(name) > MAX_NAME:
        raise BadPerson(f"The name has {len(name)} characters; {MAX_NAME} are allowed.")
    return name


def addressed(email: str) -> str:
    """Return a mail address as it is stored; that it exists, only a mail to it proves.

    Raises:
        BadPerson: it is none.
    """
    email = email.strip()
    name, at, host = email.rpartition("@")
    one_line = email.isprintable() and not any(character in ' ,;<>"' for character in email)
    if not (name and at and host) or not one_line or host[0] in ".-" or host[-1] in ".-":
        raise BadPerson("This is no e-mail address; it looks like ada@example.com.")
    if len(email) > MAX_EMAIL:
        raise BadPerson(f"The address has {len(email)} characters; {MAX_EMAIL} are allowed.")
    return email


def placed(zone: str) -> str:
    """Return a time zone as it is stored.

    Raises:
        BadCron: there is none of that name, or it is that of the machine.
    """
    zone = zone.strip()
    named_zone(zone)
    return zone


def masked(address: str) -> str:
    """Return a mail address so that who knows it recognises it, and who does not learns its host only."""
    name, at, host = address.rpartition("@")
    return f"{name[:1]}…{at}{host}" if at else "…"


def reach(methods: Sequence[Method], *, active: bool) -> Reach:
    """Return whether a page reaches somebody who has `methods`: wherever that is said, it is said by this.

    Where only nothing carries them, `channels` are those that an operator would have to set up.
    """
    if not active:
        return Reach(reachable=False, why="Deactivated")
    channels = tuple(dict.fromkeys(method.channel for method in methods if method.works))
    unset = tuple(dict.fromkeys(one.channel for one in methods if one.verified and not one.disabled and one.unset))
    if unset and not channels:
        why = (
            "Mail only, and no mail server is set" if unset == (EMAIL,) else "Only by channels that are not set up here"
        )
        return Reach(reachable=False, channels=unset, why=why)
    if channels and all(method.silent for method in methods if method.works):
        return Reach(reachable=False, channels=channels, why="Only devices that give no sign of life")
    if channels:
        return Reach(reachable=True, channels=channels)
    if not methods:
        return Reach(reachable=False, why="No contact method yet")
    if any(not method.verified and not method.disabled for method in methods):
        return Reach(reachable=False, why="Nothing verified yet")
    return Reach(reachable=False, why="Every contact method is off")
