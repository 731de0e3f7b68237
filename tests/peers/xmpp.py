"""A small XMPP server: it signs one account in, acknowledges what it takes, keeps it, and misbehaves when told."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from ssl import SSLContext
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

DOMAIN = "peer.test"
PASSWORD = "secret"
_CLIENT, _TLS, _SASL = "{jabber:client}", "{urn:ietf:params:xml:ns:xmpp-tls}", "{urn:ietf:params:xml:ns:xmpp-sasl}"
_SM = "{urn:xmpp:sm:3}"
_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


class Mood(StrEnum):
    """How the server takes the next message; those with a colon send it back with that type and condition."""

    TAKE = "take"
    REFUSE_FOR_NOW = "wait:recipient-unavailable"
    REFUSE_FOR_GOOD = "cancel:item-not-found"
    BUSY = "wait:policy-violation"
    NO_SUCH_SERVER = "cancel:remote-server-not-found"
    NOT_LET_IN = "auth:forbidden"
    FORGOTTEN = "modify:not-acceptable"
    HANG_AFTER = "take and hang"
    DROP_AFTER = "take and drop"


@dataclass(slots=True)
class Said:
    """One message as it arrived."""

    id: str
    to: str
    kind: str
    body: str


@dataclass
class XmppPeer:
    """What the server took, and how it behaves: `moods` are used up one by one, then `mood`."""

    port: int = 0
    taken: list[Said] = field(default_factory=list[Said])
    mood: Mood = Mood.TAKE
    moods: list[Mood] = field(default_factory=list[Mood])
    password: str = PASSWORD
    managed: bool = True
    late_errors: bool = False
    """An error comes a moment after the ack, and pings are answered after it: the addressee's server is another."""
    lax: bool = False
    """Nobody needs to sign in, as with somebody who only pretends to be the server."""
    silent: bool = False
    """Nothing is answered, to anybody, from now on."""
    hangs_at_bind: bool = False
    answers_pings: bool = True
    rooms: set[str] = field(default_factory=set[str])
    taken_nicks: set[str] = field(default_factory=set[str])
    sign_ins: int = 0
    connections: int = 0
    entered: list[str] = field(default_factory=list[str])
    starttls: SSLContext | None = None
    _open: list[_Stream] = field(default_factory=list["_Stream"])

    def freeze(self) -> None:
        """Answer nothing more on the connections that are open now, as behind a router that has forgotten them."""
        for one in self._open:
            one.frozen = True

    def hang_up(self) -> None:
        """Cut every connection, without a word."""
        for one in self._open:
            one.writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        stream = _Stream(self, reader, writer)
        self._open.append(stream)
        with suppress(OSError, asyncio.IncompleteReadError):
            await stream.run()
        writer.close()


@dataclass
class _Stream:
    """One connection, from its greeting to its end."""

    peer: XmppPeer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    signed_in: bool = False
    secure: bool = False
    counted: int = -1
    """Stanzas since acks were enabled; below zero they are not."""
    bound: str = ""
    frozen: bool = False
    late: list[str] = field(default_factory=list[str])

    async def run(self) -> None:
        while await self._one_stream():
            pass

    async def _one_stream(self) -> bool:
        """Serve until the client begins a new stream on the same connection; False when it is gone."""
        parser, depth = ET.XMLPullParser(("start", "end")), 0
        while data := await self.reader.read(65536):
            if self.peer.silent or self.frozen:
                continue
            parser.feed(data)
            for event, node in parser.read_events():
                depth += 1 if event == "start" else -1
                if event == "start" and depth == 1:
                    self._greet()
                elif event == "end" and depth == 0:
                    self._write("</stream:stream>")
                    return False
                elif event == "end" and depth == 1 and await self._hear(node):
                    return True
        return False

    def _greet(self) -> None:
        self._write(
            f"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='s{id(self)}' "
            f"from='{DOMAIN}' version='1.0'><stream:features>{self._features()}</stream:features>"
        )

    def _features(self) -> str:
        if self.peer.starttls is not None and not self.secure:
            return "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>"
        if not self.signed_in and not self.peer.lax:
            return f"<mechanisms xmlns='{_SASL[1:-1]}'><mechanism>PLAIN</mechanism></mechanisms>"
        managed = "<sm xmlns='urn:xmpp:sm:3'/>" if self.peer.managed else ""
        return f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>{managed}"

    async def _hear(self, node: ET.Element) -> bool:
        """Answer one element; True where a new stream follows."""
        if node.tag == f"{_TLS}starttls" and self.peer.starttls is not None:
            self._write("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
            await self.writer.start_tls(self.peer.starttls)
            self.secure = True
            return True
        if node.tag == f"{_SASL}auth":
            return self._sign_in(base64.b64decode(node.text or "").split(b"\0"))
        if node.tag == f"{_SM}enable":
            self.counted = 0
            self._write("<enabled xmlns='urn:xmpp:sm:3'/>")
        elif node.tag == f"{_SM}r":
            self._write(f"<a xmlns='urn:xmpp:sm:3' h='{self.counted}'/>")
        elif node.tag.startswith(_CLIENT):
            self.counted += self.counted >= 0
            {"iq": self._iq, "message": self._message, "presence": self._presence}[node.tag[len(_CLIENT) :]](node)
        return False

    def _sign_in(self, said: list[bytes]) -> bool:
        self.peer.sign_ins += 1
        self.signed_in = said[1:] == [b"pager", self.peer.password.encode()]
        if self.signed_in:
            self._write(f"<success xmlns='{_SASL[1:-1]}'/>")
        else:
            self._write(f"<failure xmlns='{_SASL[1:-1]}'><not-authorized/></failure>")
        return self.signed_in

    def _iq(self, iq: ET.Element) -> None:
        if self.peer.hangs_at_bind or not (self.peer.answers_pings or iq.find("{urn:xmpp:ping}ping") is None):
            return
        asked = ""
        if iq.find("{urn:ietf:params:xml:ns:xmpp-bind}bind") is not None:
            self.bound = f"pager@{DOMAIN}/r{self.peer.connections}"
            asked = f"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{self.bound}</jid></bind>"
        came_from = quoteattr(iq.get("to") or DOMAIN)
        answer = f"<iq type='result' id={quoteattr(iq.get('id', ''))} from={came_from}>{asked}</iq>"
        if self.late:
            asyncio.get_running_loop().call_later(0.05, self._write, "".join([*self.late, answer]))
            self.late.clear()
        else:
            self._write(answer)

    def _message(self, message: ET.Element) -> None:
        mood = self.peer.moods.pop(0) if self.peer.moods else self.peer.mood
        said = Said(*(message.get(one, "") for one in ("id", "to", "type")), message.findtext(f"{_CLIENT}body", ""))
        kind, _, condition = mood.value.partition(":")
        if condition:
            back = self._error("message", said.id, said.to, kind, condition)
            if self.peer.late_errors:
                self.late.append(back)
            else:
                self._write(back)
            return
        self.peer.taken.append(said)
        if mood is Mood.HANG_AFTER:
            self.peer.silent = True
        elif mood is Mood.DROP_AFTER:
            self.writer.transport.abort()
        elif said.kind == "groupchat":
            sender, its_id = quoteattr(f"{said.to}/OpsKnight"), quoteattr(said.id)
            self._write(
                f"<message type='groupchat' from={sender} id={its_id}><body>{escape(said.body)}</body></message>"
            )

    def _presence(self, presence: ET.Element) -> None:
        to = presence.get("to", "")
        room, _, nick = to.partition("/")
        if not to:
            return
        if presence.get("type") == "unavailable":
            self.peer.entered.remove(to)
        elif nick in self.peer.taken_nicks:
            self._write(self._error("presence", presence.get("id", ""), to, "cancel", "conflict"))
        else:
            self.peer.entered.append(to)
            created = "" if room in self.peer.rooms else "<status code='201'/>"
            self._write(
                f"<presence from={quoteattr(to)}><x xmlns='http://jabber.org/protocol/muc#user'>"
                f"<status code='110'/>{created}</x></presence>"
            )

    @staticmethod
    def _error(stanza: str, its_id: str, sender: str, kind: str, condition: str) -> str:
        return (
            f"<{stanza} type='error' id={quoteattr(its_id)} from={quoteattr(sender)}>"
            f"<error type='{kind}'><{condition} xmlns='{_STANZAS}'/></error></{stanza}>"
        )

    def _write(self, text: str) -> None:
        if not self.peer.silent:
            self.writer.write(text.encode())


@asynccontextmanager
async def xmpp_peer(*, starttls: SSLContext | None = None, tls: SSLContext | None = None) -> AsyncIterator[XmppPeer]:
    """Run the server in this loop; `starttls` demands STARTTLS, `tls` speaks it from the start, else it is plain."""
    peer = XmppPeer(starttls=starttls)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", 0, ssl=tls, family=socket.AF_INET)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield peer
    finally:
        server.close()
        peer.hang_up()
        await asyncio.sleep(0)
