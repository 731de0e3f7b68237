"""One of the Bot Connector's activities, as far as we look at it: what happened, where, and who did it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

from opsknight.domain.model import adaptive_card
from opsknight.domain.model.button import Press, pressed
from opsknight.domain.model.teams import PERSONAL, Place

_A_BOT: Final = "28:"
"""What the ids of bots begin with; one that answers another would do so for ever."""
_ADDED: Final = ("add", "add-upgrade")


class _Account(BaseModel):
    id: str = ""
    person: str | None = Field(default=None, alias="aadObjectId")


class _Conversation(BaseModel):
    id: str
    kind: str | None = Field(default=None, alias="conversationType")
    tenant: str | None = Field(default=None, alias="tenantId")


class _Tenant(BaseModel):
    id: str = ""


class _ChannelData(BaseModel):
    tenant: _Tenant | None = None


class Activity(BaseModel):
    """What the Bot Connector posts."""

    type: str
    id: str | None = None
    channel: str = Field(alias="channelId")
    service_url: str = Field(alias="serviceUrl", max_length=300)
    by: _Account = Field(default_factory=_Account, alias="from")
    us: _Account = Field(default_factory=_Account, alias="recipient")
    where: _Conversation = Field(alias="conversation")
    name: str | None = None
    action: str | None = None
    value: Any = None
    left: Sequence[_Account] | None = Field(default=None, alias="membersRemoved")
    data: _ChannelData | None = Field(default=None, alias="channelData")

    @property
    def tenant(self) -> str:
        """The tenant that it comes from, empty where it does not say."""
        told = self.data.tenant.id if self.data and self.data.tenant else ""
        return (told or self.where.tenant or "").lower()

    @property
    def person(self) -> str:
        """Who did it, by the object ID that Microsoft gives a person once for all; empty where nobody with one did."""
        return "" if self.by.id.startswith(_A_BOT) else (self.by.person or "").lower()

    @property
    def place(self) -> Place | None:
        """Where it happened; a thread is part of its channel. None where it is a chat with nobody that we know."""
        conversation = self.where.id.partition(";")[0]
        if self.where.kind != PERSONAL:
            return Place(self.service_url, conversation)
        return Place(self.service_url, conversation, self.person) if self.person else None

    @property
    def is_press(self) -> bool:
        """Whether a button was pressed by a client that waits for the answer."""
        return self.type == "invoke" and self.name == "adaptiveCard/action"

    @property
    def pressed(self) -> tuple[Press, UUID] | None:
        """What the button does that was pressed, and of which message it is; None where it is none of ours."""
        value = _fields(self.value)
        carried = _fields(_fields(value.get("action")).get("data")) if self.is_press else value
        return pressed(str(carried.get(adaptive_card.CARRIED, "")))

    @property
    def throws_out(self) -> bool:
        """Whether it says that the bot was removed where it happened."""
        if self.type == "conversationUpdate":
            return bool(self.us.id) and any(one.id == self.us.id for one in self.left or ())
        return self.type == "installationUpdate" and (self.action or "").startswith("remove")

    @property
    def wants_an_answer(self) -> bool:
        """Whether somebody wrote to the bot, or has just added it."""
        if self.type == "message":
            return not self.by.id.startswith(_A_BOT)
        return self.type == "installationUpdate" and self.action in _ADDED


def read(body: bytes) -> Activity | None:
    """Return an activity as it is understood, None where it is none."""
    try:
        return Activity.model_validate_json(body)
    except ValidationError:
        return None


def _fields(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}
