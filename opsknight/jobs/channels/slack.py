"""Slack: a direct message to a person, or a message in a channel, with buttons that work without signing in.

Sources: https://docs.slack.dev/reference/methods/chat.postMessage (and chat.update, conversations.history,
conversations.open), https://docs.slack.dev/reference/block-kit/blocks/, https://docs.slack.dev/messaging/
formatting-message-text (escaping), https://docs.slack.dev/messaging/message-metadata/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from opsknight.domain.model import button
from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line
from opsknight.domain.model.retry import retry_after
from opsknight.domain.model.speech import say
from opsknight.jobs.channels.channel import (
    BUDGET_S,
    Address,
    Ambiguous,
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

MISSING: Final = "No Slack app is set (OPSKNIGHT_SLACK_TOKEN), so nobody can be reached by Slack."
MAX_HEADER: Final = 150
MAX_SECTION: Final = 2900
"""Characters of the lines; a section of Block Kit takes 3,000."""
MAX_FALLBACK: Final = 3900
ASKING_S: Final = 2.0
"""How long we ask for a message that is perhaps there; a page waits meanwhile."""
LOOKED_THROUGH: Final = 100
"""Messages of a conversation, newest first."""
HISTORY_AT_MOST: Final = 4 * 1024 * 1024
"""Bytes of them."""
EVENT_TYPE: Final = "opsknight_notification"
_SKEW: Final = timedelta(minutes=1)
_ID: Final = re.compile(r"[UWCGD][A-Z0-9]{5,20}")
_PEOPLE: Final = ("U", "W")

_OVERRUN: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_PASSES: Final = frozenset({"service_unavailable", "request_timeout", "team_added_to_org", "org_login_required"})
_PERHAPS: Final = frozenset({"internal_error", "fatal_error"})
"""Slack says of these that some aspect of the operation may have succeeded."""
_OF_THE_ADDRESS: Final[Mapping[str, str]] = {
    "channel_not_found": "Slack knows no such person or channel, or the app may not see it."
    " Invite the app to a private channel first.",
    "user_not_found": "Slack knows no such person.",
    "is_archived": "The Slack channel is archived.",
    "not_in_channel": "The Slack app is not in this channel. Invite it there.",
    "restricted_action": "Slack lets only some people write in this channel.",
    "restricted_action_read_only_channel": "Slack lets only some people write in this channel.",
    "restricted_action_thread_only_channel": "Slack takes only answers in this channel.",
    "messages_tab_disabled": "The Slack app takes no direct messages. Switch its Messages tab on.",
    "cannot_dm_bot": "This Slack account is an app, which reads no messages.",
}
_OF_THE_APP: Final[Mapping[str, str]] = {
    "invalid_auth": "Slack does not know the token (OPSKNIGHT_SLACK_TOKEN).",
    "not_authed": "Slack was given no token (OPSKNIGHT_SLACK_TOKEN).",
    "account_inactive": "The token's app was removed from the workspace. Install it again.",
    "token_revoked": "The token was revoked. Install the Slack app again.",
    "token_expired": "The token has expired. Install the Slack app again.",
    "missing_scope": "The Slack app may not do this. Give it the scopes chat:write and im:write.",
    "not_allowed_token_type": "Slack wants a bot's token here, one that begins with xoxb-.",
    "no_permission": "The Slack app may not do this.",
    "access_denied": "The Slack app may not do this.",
    "ekm_access_denied": "The workspace's administrators have suspended messages.",
    "team_access_not_granted": "The Slack app was not granted access to this workspace.",
}


class SlackSettings(ChannelSettings):
    """What an operator sets for Slack; the signing secret of what comes back is OPSKNIGHT_SLACK_SIGNING_SECRET."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_SLACK_")

    url: str = Field(default="https://slack.com/api", description="Slack's Web API, or a proxy in front of it.")
    token: str = Field(default="", repr=False, description="Bot token (xoxb-…) of your Slack app.")


def member_or_channel(text: str) -> str:
    """Return an id of Slack as it is stored.

    Raises:
        BadAddress: it is none.
    """
    slack_id = one_line(text).rstrip("/").rpartition("/")[2].upper()
    if not _ID.fullmatch(slack_id):
        raise BadAddress("Slack's ids look like U024BE7LH for a person and C024BE91L for a channel; names do not work.")
    return slack_id


KIND: Final = ChannelKind(
    "slack",
    "Member or channel ID",
    "U024BE7LH",
    member_or_channel,
    help="In Slack open your profile, then ⋮, then “Copy member ID”. A channel's is at the end of its details.",
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    return "" if ground.read(SlackSettings).token else MISSING


def make(ground: Ground) -> SlackChannel:
    """Return the channel as the settings want it."""
    its = ground.read(SlackSettings)
    return SlackChannel(its.url, token=its.token, now=ground.now)


class SlackChannel:
    """Posts as the app whose bot has `token`, by the Web API at `url`: the operator's word, so it may be private."""

    def __init__(self, url: str, *, token: str, now: Callable[[], datetime], budget_s: float = BUDGET_S) -> None:
        """Keep how to post; nothing is opened yet."""
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}
        self._caller = Caller("Slack", now=now, budget_s=budget_s, allow_private=True)
        self._asker = Caller(
            "Slack", now=now, budget_s=min(ASKING_S, budget_s), allow_private=True, read_at_most=HISTORY_AT_MOST
        )

    async def send(self, message: Message, address: Address) -> Outcome:
        """Post `message`; a member's ID opens the direct messages of the app with that person."""
        posted = {"channel": address.value, **said(message), "unfurl_links": False, "unfurl_media": False}
        return self._judged(await self._post("chat.postMessage", posted))

    async def amend(self, message: Message, address: Address, *, provider_id: str) -> Outcome:  # noqa: ARG002
        """Have the message say what `message` says; `provider_id` names the conversation, also a person's."""
        channel, _, ts = provider_id.partition(":")
        answer = await self._post("chat.update", {"channel": channel, "ts": ts, **said(message)})
        return tried_again(self._judged(answer))

    async def find(self, message: Message, address: Address, *, since: datetime) -> Sent | None:
        """Look for `message` in its conversation by the metadata it was posted with; that needs a *:history scope."""
        channel = await self._conversation(address.value)
        if channel is None:
            return None
        oldest = f"{(since - _SKEW).timestamp():.6f}"
        form = {"channel": channel, "oldest": oldest, "limit": str(LOOKED_THROUGH), "include_all_metadata": "true"}
        for found in (await self._ask("conversations.history", form)).get("messages") or ():
            if _named(found) == str(message.notification_id):
                return Sent(provider_id=f"{channel}:{found.get('ts', '')}", detail="Slack had it already.")
        return None

    async def close(self) -> None:
        """Close the open connections."""
        await self._caller.close()
        await self._asker.close()

    async def _conversation(self, slack_id: str) -> str | None:
        if not slack_id.startswith(_PEOPLE):
            return slack_id
        opened: Any = (await self._ask("conversations.open", {"users": slack_id})).get("channel")
        return opened["id"] if opened else None

    async def _post(self, method: str, body: Mapping[str, Any]) -> Called:
        return await self._caller.call("POST", f"{self._url}/{method}", json=body, headers=self._headers)

    async def _ask(self, method: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        answer = await self._asker.call("POST", f"{self._url}/{method}", form=form, headers=self._headers)
        if not isinstance(answer, Answer) or answer.fields().get("ok") is not True:
            return {}
        return answer.fields()

    def _judged(self, answer: Called) -> Outcome:
        """Return what an answer means; Slack says most of its refusals with status 200."""
        if not isinstance(answer, Answer):
            return answer
        if not answer.ok:
            return self._caller.judged(answer)
        told = answer.fields()
        if told.get("ok") is True or "ok" not in told:
            return self._caller.named(f"{told.get('channel', '')}:{told.get('ts')}" if told.get("ts") else "")
        after = retry_after(answer.headers.get("Retry-After"), at=self._caller.now())
        return refused(str(told.get("error", "")), after=after)


def refused(error: str, *, after: timedelta | None = None) -> Outcome:
    """Return what one of Slack's errors means for the message."""
    reason = f"Slack refused it: {error or 'no reason'}."
    if error in _OVERRUN:
        return Retry(reason, Fault.THROTTLED, after=after)
    if error in _PASSES:
        return Retry(reason, after=after)
    if error in _PERHAPS:
        return Ambiguous(reason, Fault.PROVIDER)
    if error in _OF_THE_ADDRESS:
        return Failed(_OF_THE_ADDRESS[error], Fault.ADDRESS, gone=error == "is_archived")
    if error in _OF_THE_APP:
        return Failed(_OF_THE_APP[error], Fault.SETTINGS)
    return Failed(reason)


def said(message: Message) -> Mapping[str, Any]:
    """Return what a message says: its blocks, the line for lock screens, and the name by which it is found again.

    All of it is plain text, in which Slack reads no markup and no mention.
    """
    high = message.urgency is Urgency.HIGH
    blocks: list[Mapping[str, Any]] = [
        {"type": "header", "text": plain(message.subject, MAX_HEADER)},
        *([{"type": "section", "text": plain(message.body, MAX_SECTION)}] if message.body else []),
        {"type": "context", "elements": [plain("🔴 High urgency" if high else "🔵 Low urgency", MAX_HEADER)]},
        {"type": "actions", "block_id": f"n:{message.notification_id}", "elements": buttons(message)},
    ]
    return {
        "text": escaped(message.subject, MAX_FALLBACK),
        "blocks": blocks,
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "metadata": {
            "event_type": EVENT_TYPE,
            "event_payload": {"notification_id": str(message.notification_id)},
        },
    }


def buttons(message: Message) -> list[Mapping[str, Any]]:
    """Return what can be pressed as things stand: nothing of what is done already."""
    offered = button.buttons(message.kind, about_one=message.is_pressable, became=message.became)
    pressable = [_button(message, each) for each in offered]
    return [*pressable, {"type": "button", "action_id": "open", "text": plain(say("Open"), 75), "url": message.url}]


def plain(text: str, most: int) -> Mapping[str, Any]:
    """Return `text` as Block Kit's plain text of at most `most` characters."""
    return {"type": "plain_text", "text": escaped(text, most), "emoji": False}


def escaped(text: str, most: int) -> str:
    """Return `text` with Slack's three control characters escaped, cut to `most` characters so that none is torn."""
    whole = [_ESCAPES.get(character, character) for character in text]
    if sum(map(len, whole)) <= most:
        return "".join(whole)
    kept, length = list[str](), 0
    for piece in whole:
        if (length := length + len(piece)) > most - 1:
            break
        kept.append(piece)
    return f"{''.join(kept)}…"


_ESCAPES: Final[Mapping[str, str]] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def _named(found: Mapping[str, Any]) -> str:
    """Return which notification a message of a conversation is, empty where it is none of ours."""
    metadata = cast("Mapping[str, Any]", found.get("metadata") or {})
    payload = cast("Mapping[str, Any]", metadata.get("event_payload") or {})
    return str(payload.get("notification_id", ""))


def _button(message: Message, each: button.Button) -> Mapping[str, Any]:
    style = {"style": "primary"} if each.press is button.Press.ACKNOWLEDGE else {}
    carried = {"action_id": each.press.value, "value": str(message.notification_id)}
    return {"type": "button", "text": plain(each.label, 75), **carried, **style}
