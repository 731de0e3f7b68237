"""Pushover: a push to the phones of one person; of high urgency it sounds until it is acknowledged there.

Sources: https://pushover.net/api (messages, priority, limits), https://pushover.net/api/receipts (callback, cancel).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line, shortened
from opsknight.domain.model.incident import Status
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    ChannelSettings,
    Failed,
    Fault,
    Ground,
    Message,
    Outcome,
    Retry,
    Sent,
    Urgency,
    tried_again,
)
from opsknight.jobs.channels.http import Answer, Called, Caller

MISSING: Final = "No Pushover application is set (OPSKNIGHT_PUSHOVER_TOKEN), so nobody can be reached by Pushover."
MAX_TITLE, MAX_MESSAGE, MAX_URL = 250, 1024, 512
"""Characters that Pushover takes."""
REPEATED_EVERY_S: Final = 60
REPEATED_FOR_S: Final = 1800
"""How long a phone sounds again where nobody acknowledges on it; the policy goes on meanwhile."""
_KEY: Final = re.compile(r"[A-Za-z0-9]{30}")
_EMERGENCY, _NORMAL = 2, 0


class PushoverSettings(ChannelSettings):
    """What an operator sets for Pushover."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_PUSHOVER_")

    url: str = Field(default="https://api.pushover.net", description="Pushover's API, or a proxy in front of it.")
    token: str = Field(default="", repr=False, description="API token of your Pushover application.")


def user_key(text: str) -> str:
    """Return a user's or a group's key as it is stored.

    Raises:
        BadAddress: it is none.
    """
    key = one_line(text)
    if not _KEY.fullmatch(key):
        raise BadAddress("A user key has 30 letters and digits; it stands on pushover.net when you are signed in.")
    return key


KIND: Final = ChannelKind(
    "pushover",
    "User key",
    "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
    user_key,
    help="Your user key stands on pushover.net when you are signed in, and in the app's settings.",
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(PushoverSettings).token else MISSING


def make(ground: Ground) -> PushoverChannel:
    """Return the channel as the settings want it."""
    its = ground.read(PushoverSettings)
    return PushoverChannel(its.url, token=its.token, now=ground.now)


class PushoverChannel:
    """Pushes as the application that has `token`, by the API at `url`: the operator's word, so it may be private."""

    def __init__(self, url: str, *, token: str, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to push; nothing is opened yet."""
        self._url = f"{url.rstrip('/')}/1"
        self._token = token
        self._caller = Caller("Pushover", now=now, budget_s=budget_s, allow_private=True)

    async def send(self, message: Message, address: Address) -> Outcome:
        """Push `message`; of high urgency it is known by its receipt."""
        form = {"token": self._token, "user": address.value, **pushed(message)}
        return self._judged(await self._caller.call("POST", f"{self._url}/messages.json", form=form))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Have the phone sound no more for what is not open any more, or not its person's; its words stay."""
        if not is_receipt(provider_id):
            return Failed("Only what repeats can be ended, and this is not repeated.")
        if message.became in (None, Status.OPEN) and not message.outdated:
            return Sent(provider_id)
        url = f"{self._url}/receipts/{provider_id}/cancel.json"
        return tried_again(self._judged(await self._caller.call("POST", url, form={"token": self._token})))

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()

    def _judged(self, answer: Called) -> Outcome:
        if not isinstance(answer, Answer):
            return answer
        told = answer.fields()
        errors: Any = told.get("errors")
        words = "; ".join(map(str, cast("Sequence[Any]", errors))) if isinstance(errors, list) else answer.words()
        if answer.ok and told.get("status", 1) == 1:
            return self._caller.named(str(told.get("receipt") or told.get("request") or ""))
        if answer.status == 429:
            return Retry(
                f"Pushover said 429: {words}",
                Fault.THROTTLED,
                after=self._caller.patience(answer) or self._until_reset(answer),
            )
        if told.get("token") == "invalid":
            return Failed("Pushover does not know the token (OPSKNIGHT_PUSHOVER_TOKEN).", Fault.SETTINGS)
        if told.get("user") == "invalid":
            return Failed(f"Pushover does not know the user key: {words}", Fault.ADDRESS, gone=True)
        return Failed(f"Pushover refused it: {words}") if answer.ok else self._caller.judged(answer, words=words)

    def _until_reset(self, answer: Answer) -> timedelta | None:
        """Return how long it is until the application's messages of a month begin anew, None where that is not said."""
        at = answer.headers.get("X-Limit-App-Reset", "")
        if not at.isascii() or not at.isdecimal() or len(at) > 11:
            return None
        return max(datetime.fromtimestamp(int(at), UTC) - self._caller.now(), timedelta(seconds=1))


def is_receipt(provider_id: str) -> bool:
    """Say whether a message is known by a receipt, as those are that sound until they are acknowledged."""
    return _KEY.fullmatch(provider_id) is not None


def pushed(message: Message) -> Mapping[str, str]:
    """Return what is pushed, in plain text. Of high urgency it repeats, and tells us when it is acknowledged there."""
    link, title = message.url, say("Open in OpsKnight")
    if message.acknowledge_url and len(message.acknowledge_url) <= MAX_URL:
        link, title = message.acknowledge_url, say("Acknowledge in OpsKnight")
    told = {
        "title": shortened(message.subject, MAX_TITLE),
        "message": shortened(message.body or message.title or message.subject, MAX_MESSAGE),
        "url": link,
        "url_title": title,
        "priority": str(_NORMAL),
    }
    if message.urgency is not Urgency.HIGH:
        return told
    loud = {"priority": str(_EMERGENCY), "retry": str(REPEATED_EVERY_S), "expire": str(REPEATED_FOR_S)}
    if message.receipt_token and message.home:
        loud["callback"] = f"{message.home}/api/v1/chats/pushover/{message.receipt_token}"
    return {**told, **loud}
