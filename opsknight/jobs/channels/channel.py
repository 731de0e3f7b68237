"""What a channel is: it sends one message to one address, and says truly what became of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar, runtime_checkable
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import ValidationError

from opsknight.domain.model.event import Urgency
from opsknight.domain.model.incident import Status
from opsknight.domain.model.notification import Ambiguous, Failed, Fault, Outcome, PageKind, Retry, Sent
from opsknight.domain.model.window import Presence
from opsknight.settings import ChannelSettings, Settings, bad_settings

__all__ = [
    "BUDGET_S",
    "Address",
    "Ambiguous",
    "Amends",
    "Asks",
    "Channel",
    "ChannelSettings",
    "Drawer",
    "Failed",
    "Fault",
    "Ground",
    "Message",
    "Outcome",
    "PageKind",
    "Presence",
    "Retry",
    "Sent",
    "Tells",
    "Urgency",
    "Windows",
    "tried_again",
    "unset",
]

BUDGET_S: Final = 9.5
"""How long a channel may take for one message; the worker cuts it off half a second later."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, in plain text without markup; every channel finds its own form for it.

    `subject` is one line that says severity, service and cause; `title` is the heading for a text
    that shows the subject elsewhere, and `body` are the lines below it. Tokens are
    signed and name one notification. `possible_repeat` and `late_by` are already said in the words.
    `home` is the address under which OpsKnight itself is reached.
    `tried_by` are the carriers by which this message did not go through before, `refused_by` those that refused it.
    `bounces_to` is the address at which mail servers tell what became of a mail, and `replies_to` the one
    where its reader's answers are heard; both are empty where they are not, and on other channels.
    `carries` counts the incidents that a summary tells of besides the one to which it belongs.
    `status` is how its incident stands, where it is about a single one.
    `why_now` says why it comes before its planned time, if it does; it stands in the body as well.
    `became` is set where a message that was sent is changed afterwards: what its incident is now.
    `outdated` says that it is of an older generation of its incident, or calls its person no more, so that nothing can
    be pressed there any more.
    `code` is what a message tells that shows whose address it is, for channels that want it apart; else empty.
    """

    notification_id: UUID
    kind: PageKind
    subject: str
    title: str
    body: str
    url: str
    urgency: Urgency
    to_name: str = ""
    incident_id: UUID | None = None
    number: int | None = None
    status: Status | None = None
    acknowledge_token: str | None = field(default=None, repr=False)
    acknowledge_url: str | None = field(default=None, repr=False)
    receipt_token: str | None = field(default=None, repr=False)
    home: str = ""
    possible_repeat: bool = False
    late_by: timedelta | None = None
    drill: bool = False
    tried_by: frozenset[str] = frozenset()
    refused_by: frozenset[str] = frozenset()
    carries: int = 0
    why_now: str = ""
    became: Status | None = None
    bounces_to: str = field(default="", repr=False)
    replies_to: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    outdated: bool = False

    @property
    def is_pressable(self) -> bool:
        """Whether buttons of it act on a single incident."""
        return self.incident_id is not None and not self.outdated


@dataclass(frozen=True, slots=True)
class Address:
    """Where to: the channel's own kind of address, and what else it needs to reach it."""

    value: str = field(repr=False)
    secret: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


def tried_again(outcome: Outcome) -> Outcome:
    """Return Retry for Ambiguous: for calls that hand no message over, and those that do no harm when done twice."""
    return Retry(outcome.reason, outcome.fault) if isinstance(outcome, Ambiguous) else outcome


def unset(who: str, prefix: str, wanted: Mapping[str, str]) -> str:
    """Return what an operator has to set before `who` can be used, "" where nothing of `wanted` is empty.

    `wanted` has the values by the names of their variables after `prefix` ("OPSKNIGHT_SNS_").
    """
    missing = [f"{prefix}{name}" for name, value in wanted.items() if not value]
    return f"{who} is not set up: set {', '.join(missing)}." if missing else ""


class Drawer(Protocol):
    """One visit to where native windows ask for their messages; what is done counts when the visit has ended well."""

    async def put(self, address: str, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> Presence:
        """Put a message for the window at `address`, where it is open; one that is there already is the same."""
        ...

    async def replace(self, message_id: UUID, payload: Mapping[str, Any], *, lasts: timedelta) -> None:
        """Have a message that was put say something else."""
        ...

    async def has(self, message_id: UUID) -> bool:
        """Say whether a message was put."""
        ...


class Windows(Protocol):
    """Where native windows ask for their messages."""

    def opened(self) -> AbstractAsyncContextManager[Drawer]:
        """Begin a visit; nothing was written before it is given out."""
        ...


S = TypeVar("S", bound=ChannelSettings)


@dataclass(frozen=True, slots=True)
class Ground:
    """What channels are made from. `given` stands in for what the environment says, in tests.

    `windows` is where native windows ask for messages, None where nothing is sent.
    """

    settings: Settings
    vapid_private_pem: str
    now: Callable[[], datetime]
    given: Mapping[type[ChannelSettings], ChannelSettings] = field(
        default_factory=dict[type[ChannelSettings], ChannelSettings]
    )
    windows: Windows | None = None

    @property
    def home(self) -> str:
        """The host of this installation's address, by which the names of mails end."""
        return urlsplit(self.settings.address).hostname or "localhost"

    def read(self, kind: type[S]) -> S:
        """Return the settings of one provider.

        Raises:
            BadSettings: a variable cannot be used.
        """
        given = self.given.get(kind)
        if isinstance(given, kind):
            return given
        try:
            return kind()
        except ValidationError as refused:
            raise bad_settings(refused, prefix=str(kind.model_config.get("env_prefix", ""))) from None


class Channel(Protocol):
    """One way to reach a person."""

    async def send(self, message: Message, address: Address) -> Outcome:
        """Hand `message` to the provider and return what became of it, within BUDGET_S; never raise.

        Retry promises that nothing was sent; what was handed over without an answer is Ambiguous.
        """
        ...

    async def close(self) -> None:
        """Give back what is held open between messages."""
        ...


@runtime_checkable
class Asks(Protocol):
    """A channel whose provider can be asked whether it has a message that was perhaps sent."""

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:
        """Return how the provider took `message` after `since`; None where it has none of it, or does not say."""
        ...


class Tells(Protocol):
    """A channel on which people write to us, and are answered where they did."""

    async def tell(self, kept: Mapping[str, str], shown: Mapping[str, Any]) -> None:
        """Say `shown`, in the channel's own form, in the place that is reached by what is `kept`; never raise."""
        ...

    async def close(self) -> None:
        """Give back what is held open between messages."""
        ...


@runtime_checkable
class Amends(Protocol):
    """A channel that can change a message which it sent before."""

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:
        """Have the message that the provider calls `provider_id` say what `message` says, within BUDGET_S."""
        ...
