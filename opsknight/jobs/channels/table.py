"""The one table of channels. A new channel is its file, a line here, and a peer for its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from opsknight.jobs.channels.channel import Channel
from opsknight.jobs.channels.email import EmailChannel, mail_server
from opsknight.jobs.channels.push import PushChannel
from opsknight.settings import Settings

if TYPE_CHECKING:
    from opsknight.deps import Deps


@dataclass(frozen=True, slots=True)
class Ground:
    """What channels are made from."""

    settings: Settings
    vapid_private_pem: str
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to reach a person: its name in the database, how many calls may run at once, how it is made."""

    slug: str
    width: int
    make: Callable[[Ground], Channel]


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel as the worker uses it, apart from all others."""

    slug: str
    width: int
    channel: Channel


def _email(ground: Ground) -> Channel:
    url = ground.settings.smtp_url
    home = urlsplit(ground.settings.address).hostname or "localhost"
    return EmailChannel(mail_server(url) if url else None, sender=ground.settings.mail_from, home=home)


def _push(ground: Ground) -> Channel:
    address = ground.settings.address
    contact = address if address.startswith("https://") else f"mailto:{parseaddr(ground.settings.mail_from)[1]}"
    return PushChannel(
        vapid_private_pem=ground.vapid_private_pem,
        subject=contact,
        now=ground.now,
        allow_private=ground.settings.push_allow_private,
    )


KINDS: Final = (Kind("email", width=32, make=_email), Kind("push", width=32, make=_push))


def of(deps: Deps) -> Mapping[str, Lane]:
    """Return the channels of an installation."""
    return build(Ground(deps.settings, deps.installation.vapid_private_pem, deps.clock.now))


def build(ground: Ground) -> Mapping[str, Lane]:
    """Return every channel by its name, ready to send.

    Raises:
        BadMailServer: OPSKNIGHT_SMTP_URL cannot be used.
    """
    return {kind.slug: Lane(kind.slug, kind.width, kind.make(ground)) for kind in KINDS}
