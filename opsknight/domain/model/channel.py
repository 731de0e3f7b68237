"""What a channel is to people: its name, what an address on it looks like, and whether it wakes somebody up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from opsknight.domain.model.speech import later
from opsknight.domain.model.web_address import refusal

MAX_ADDRESS: Final = 500


class BadAddress(ValueError):
    """What was given is no address on this channel; the text says why, and what one looks like."""


@dataclass(frozen=True, slots=True)
class Face:
    """How a channel is named: as a heading, within a sentence, by its mark; and whether it wakes a sleeper.

    A `secret` address is one by which anybody could send, or that tells nobody anything: it is never shown again.
    """

    label: str
    word: str
    icon: str = "send"
    loud: bool = False
    secret: bool = False


FACES: Final[Mapping[str, Face]] = {
    "email": Face(later("Mail"), later("mail"), "mail"),
    "push": Face(later("Push"), later("push notification"), "phone", secret=True),
    "sms": Face("SMS", later("SMS"), "phone", loud=True),
    "voice": Face(later("Call"), later("call"), "phone", loud=True),
    "whatsapp": Face("WhatsApp", later("WhatsApp message")),
    "slack": Face("Slack", later("Slack message")),
    "teams": Face("Teams webhook", later("Teams message"), secret=True),
    "teams_bot": Face("Microsoft Teams", later("Teams message"), secret=True),
    "telegram": Face("Telegram", later("Telegram message")),
    "discord": Face("Discord", later("Discord message"), secret=True),
    "mattermost": Face("Mattermost", later("Mattermost message"), secret=True),
    "google_chat": Face("Google Chat", later("Google Chat message"), secret=True),
    "ntfy": Face("ntfy", later("ntfy message"), "bell"),
    "gotify": Face("Gotify", later("Gotify message"), "bell", secret=True),
    # of high urgency it bypasses the phone's quiet hours, and sounds every minute until it is acknowledged there
    "pushover": Face("Pushover", later("Pushover message"), "bell", loud=True),
    "window": Face(later("Native window"), later("alarm of the native window"), "system", loud=True, secret=True),
    "matrix": Face("Matrix", later("Matrix message")),
    "xmpp": Face("XMPP", later("XMPP message")),
    "webhook": Face("Webhook", later("webhook"), "link"),
    "sink": Face("OpsKnight itself", later("canary")),
    "apprise": Face("Apprise", later("Apprise message")),
}


def face(slug: str) -> Face:
    """Return how the channel `slug` is named; one that this version does not know, by its own name."""
    return FACES.get(slug) or Face(slug, slug)


def room_name(slug: str, *, label: str, address: str) -> str:
    """Return how a room is called: `ops in Slack`."""
    name = shown(slug, label=label, address=address)
    return f"{name} in {face(slug).label}" if name else face(slug).label


def shown(slug: str, *, label: str, address: str) -> str:
    """Return how a contact method is called on screen and in the ledger; never by a secret address."""
    if label or face(slug).secret:
        return label
    return address


@dataclass(frozen=True, slots=True)
class ChannelKind:
    """One way to reach a person or a room, as far as whoever gives an address must know it.

    `address` names what is asked for ("Phone number"), `example` shows one, `help` says where a person finds
    theirs. `read` returns an address as it is stored, or raises ValueError with a sentence (BadAddress).
    `by_hand` says that people add an address themselves; a browser subscribes instead. `rooms` says that an
    address may be a place that many read, which a step of a policy may name, `people` that it may be one
    person's. `new_secret` makes what is stored with a new address besides, and shown once; `keep` reads out of what
    was given what is stored with its address besides, and never shown. `not_ready` says what an operator has to set
    before anything goes out, empty where that is done. `unpriced` are the settings by which an operator would say what
    a message costs where neither they nor its carrier does.
    """

    slug: str
    address: str
    example: str
    read: Callable[[str], str]
    help: str = ""
    by_hand: bool = True
    people: bool = True
    rooms: bool = False
    new_secret: Callable[[], Mapping[str, str]] | None = None
    keep: Callable[[str], Mapping[str, str]] | None = None
    not_ready: str = ""
    unpriced: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether messages go out by it on this installation."""
        return not self.not_ready


RECEIPT_WITHIN: Final[Mapping[str, timedelta]] = {
    "push": timedelta(seconds=20),
    "window": timedelta(seconds=20),
    "sms": timedelta(seconds=60),
    "whatsapp": timedelta(seconds=60),
    "voice": timedelta(seconds=60),
}
"""How long a message on a channel may be without a receipt before the next contact method starts."""


def one_line(address: str) -> str:
    """Return `address` without space around it.

    Raises:
        BadAddress: it is empty, too long, or has characters that no address has.
    """
    address = address.strip()
    if not address:
        raise BadAddress("Say where the messages shall go.")
    if len(address) > MAX_ADDRESS:
        raise BadAddress(f"The address has {len(address)} characters; {MAX_ADDRESS} are allowed.")
    if not address.isprintable():
        raise BadAddress("The address has characters that cannot be printed. Type it anew rather than paste it.")
    return address


def web_address(text: str, *, allow_private: bool = False) -> str:
    """Return a web address that is called, as it is stored: https, and none inside our own network unless allowed.

    Raises:
        BadAddress: it is none.
    """
    address = one_line(text)
    if (why := refusal(address, allow_private=allow_private)) is not None:
        raise BadAddress(why)
    return address


def shortened(text: str, most: int) -> str:
    """Return `text` with at most `most` characters, its end replaced by "…" where it has more.

    Characters are counted as UTF-16 does, as most chats count them: an emoji is two. None is cut in its middle.
    """
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * most:
        return text
    return f"{units[: 2 * (most - 1)].decode('utf-16-le', 'ignore')}…"
