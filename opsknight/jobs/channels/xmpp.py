"""XMPP (Jabber): a message to a person or into a group chat, as an account of OpsKnight's own on any server.

Sources: RFC 7622 (addresses), XEP-0147 (xmpp: links), RFC 6120 13.7 (whose name a certificate bears).
"""

from __future__ import annotations

import re
from asyncio import Lock, get_running_loop, timeout_at
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from slixmpp import JID, InvalidJID

from opsknight.domain.model.channel import BadAddress, ChannelKind, one_line, shortened
from opsknight.domain.model.speech import say
from opsknight.errors import CannotStart
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
    unset,
)
from opsknight.jobs.channels.xmpp_talk import Account, NotBegun, Talk

MAX_SUBJECT: Final = 800
MAX_BODY: Final = 4000
REFUSED_FOR_S: Final = 60.0
"""How long a server that refused our password is left alone: many lock an account, or an address, after a few tries."""
_ROOM: Final = "room:"
_SERVERS: Final = {"xmpp": 5222, "xmpps": 5223}
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for: one such character would end the conversation."""


class XmppSettings(ChannelSettings):
    """What an operator sets for XMPP."""

    model_config = SettingsConfigDict(env_prefix="OPSKNIGHT_XMPP_")

    address: str = Field(default="", description="Address of OpsKnight's XMPP account, as pager@example.com.")
    password: str = Field(default="", repr=False, description="Password of that account.")
    server: str = Field(
        default="",
        description="Its server, as xmpp://host:5222 (STARTTLS) or xmpps://host:5223. Default: what the SRV records of "
        "the account's domain say. ?tls=never is for a server on this machine only.",
    )
    ca_file: str = Field(
        default="", description="Authority (PEM) that signed the server's certificate. Default: the system's."
    )


class BadXmppAccount(CannotStart, ValueError):
    """OPSKNIGHT_XMPP_ADDRESS or OPSKNIGHT_XMPP_SERVER cannot be used; the text says why."""


def place(text: str) -> str:
    """Return the address of a person, or of a group chat with "room:" before it, as it is stored.

    Links are understood as well: xmpp:ada@example.com, and xmpp:ops@conference.example.com?join for a group chat.

    Raises:
        BadAddress: it is neither.
    """
    named = one_line(text)
    if link := named.lower().startswith("xmpp:"):
        named = unquote(named[len("xmpp:") :])
    room = named.lower().startswith(_ROOM) or (link and named.partition("?")[2].split(";")[0] == "join")
    named = named[len(_ROOM) :].strip() if named.lower().startswith(_ROOM) else named.partition("?")[0]
    try:
        jid = JID(named)
    except InvalidJID:
        jid = JID("")
    if not jid.user:
        raise BadAddress(
            "An XMPP address looks like ada@example.com, and that of a group chat like room:ops@conference.example.com."
        )
    return f"{_ROOM if room else ''}{jid.bare}"


KIND: Final = ChannelKind(
    "xmpp",
    "XMPP address",
    "ada@example.com",
    place,
    help="Add OpsKnight's account to your contacts, lest your server keeps out messages of strangers. A group chat is "
    "written with room: before its address, as room:ops@conference.example.com.",
    rooms=True,
)


def missing(ground: Ground) -> str:
    """Return what has to be set before anything goes out, empty when it is."""
    its = ground.read(XmppSettings)
    return unset("XMPP", "OPSKNIGHT_XMPP_", {"ADDRESS": its.address, "PASSWORD": its.password})


def make(ground: Ground) -> XmppChannel:
    """Return the channel as the settings want it.

    Raises:
        BadXmppAccount: they cannot be used.
    """
    return XmppChannel(account(ground.read(XmppSettings)))


def account(its: XmppSettings) -> Account:
    """Return as whom to write, and by which server.

    Raises:
        BadXmppAccount: an address cannot be used.
    """
    try:
        jid = JID(its.address)
        parts = urlsplit(its.server)
        host, port = parts.hostname, parts.port
    except (InvalidJID, ValueError) as error:
        raise BadXmppAccount("OPSKNIGHT_XMPP_ADDRESS or OPSKNIGHT_XMPP_SERVER cannot be read.") from error
    if not jid.user:
        raise BadXmppAccount("OPSKNIGHT_XMPP_ADDRESS must look like pager@example.com.")
    if its.server and (parts.scheme not in _SERVERS or not host):
        raise BadXmppAccount("OPSKNIGHT_XMPP_SERVER must look like xmpp://host:5222 or xmpps://host:5223.")
    return Account(
        JID(jid.bare),
        its.password,
        host=host or None,
        port=port or _SERVERS.get(parts.scheme, 0),
        direct=parts.scheme == "xmpps",
        plain=parts.scheme == "xmpp" and parse_qs(parts.query).get("tls") == ["never"],
        ca_file=its.ca_file or None,
    )


class XmppChannel:
    """Writes as one account, by one lasting connection that is opened for the first message and whenever it is lost."""

    def __init__(self, account: Account, *, budget_s: float = BUDGET_S) -> None:
        """Keep as whom to write; nothing is opened yet."""
        self._account = account
        self._budget_s = budget_s
        self._opening = Lock()
        self._talk: Talk | None = None
        self._refused: tuple[Failed, float] | None = None

    async def send(self, message: Message, address: Address) -> Outcome:
        """Write `message`; it is sent when the server has acknowledged it and no error came back."""
        room = address.value.startswith(_ROOM)
        written_by: Talk | None = None
        try:
            to = JID(address.value.removeprefix(_ROOM))
            until = get_running_loop().time() + self._budget_s
            async with timeout_at(until):
                talk = await self._ready()
                if room and (kept_out := await talk.enter(to)) is not None:
                    return kept_out
                written_by = talk
                return await talk.say(said(message), to, its_id=str(message.notification_id), room=room, until=until)
        except NotBegun as why:
            return why.outcome
        except InvalidJID:
            return Failed("This is no XMPP address.", Fault.ADDRESS, gone=True)
        except TimeoutError:
            if written_by is None:
                return Retry("The XMPP server did not answer in time.", Fault.TIMEOUT)
            written_by.hang_up()  # whoever does not acknowledge is not asked again
            return Ambiguous("The message was handed over, and the XMPP server did not acknowledge it.")

    async def close(self) -> None:
        """Take leave of the server."""
        async with self._opening:
            if self._talk is not None:
                await self._talk.close()
                self._talk = None

    async def _ready(self) -> Talk:
        """Return the conversation, begun anew where there is none; who comes meanwhile waits for it.

        Raises:
            NotBegun: none came about.
        """
        async with self._opening:
            if self._talk is not None and not await self._talk.lives():
                self._talk.hang_up()
                self._talk = None
            if self._talk is None:
                self._talk = await self._begun()
            return self._talk

    async def _begun(self) -> Talk:
        if self._refused is not None and get_running_loop().time() < self._refused[1]:
            raise NotBegun(self._refused[0])
        try:
            talk = Talk(self._account)
        except OSError as error:
            raise NotBegun(Failed(f"OPSKNIGHT_XMPP_CA_FILE cannot be read: {error}", Fault.SETTINGS)) from error
        try:
            await talk.begin()
        except NotBegun as why:
            if isinstance(why.outcome, Failed):
                self._refused = why.outcome, get_running_loop().time() + REFUSED_FOR_S
            raise
        return talk


def said(message: Message) -> str:
    """Return what is written: its subject, its lines, and its links, in plain text."""
    lines = [shortened(message.subject, MAX_SUBJECT)]
    if message.body:
        lines.append(shortened(message.body, MAX_BODY))
    if message.acknowledge_url:
        lines.append(say("Acknowledge: {url}", url=message.acknowledge_url))
    lines.append(say("Open: {url}", url=message.url))
    return _NO_XML.sub("", "\n".join(lines))
