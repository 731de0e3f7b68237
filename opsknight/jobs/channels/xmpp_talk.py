"""A conversation with an XMPP server: signed in once, kept, and never begun again by itself.

Sources: RFC 6120 (streams, stanza errors), XEP-0198 (acks of a server), XEP-0199 (pings, answered in order),
XEP-0045 (rooms: entering by presence, 7.2; status codes 110 and 201).
"""

# pyright: reportUnknownMemberType=false
# slixmpp's types have gaps

from __future__ import annotations

import ssl
from asyncio import FIRST_COMPLETED, Future, Lock, Task, current_task, get_running_loop, wait
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree as ET

from slixmpp import JID, ClientXMPP
from slixmpp.stanza import StreamFeatures
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from opsknight.jobs.channels.channel import Ambiguous, Failed, Fault, Outcome, Retry, Sent
from opsknight.jobs.channels.xmpp_answers import MUC, PASSING, accident, condition_of, refused, statuses

NICK: Final = "OpsKnight"
SETTLES_S: Final = 2.0
"""How long a message that our server took is listened to: the addressee's server may know nobody by that name."""
RESTS_S: Final = 60.0
"""A connection that was silent for longer is asked whether it still lives, before a message is risked on it."""
LIVES_WITHIN_S: Final = 3.0
CLOSES_WITHIN_S: Final = 1.0
_MARGIN_S: Final = 0.05
_CREATED, _SELF = "201", "110"
_LOST: Final = Retry("The XMPP server closed the connection.", Fault.RESET)


@dataclass(frozen=True, slots=True)
class Account:
    """As whom to write, and where: `host` None is whatever the domain's SRV records name.

    `direct` speaks TLS from the start, `plain` none at all. `ca_file` names the authority of the certificate.
    """

    jid: JID
    password: str = field(repr=False)
    host: str | None = None
    port: int = 5222
    direct: bool = False
    plain: bool = False
    ca_file: str | None = None


class NotBegun(Exception):
    """No conversation came about, so nothing was sent; `outcome` says why."""

    def __init__(self, outcome: Retry | Failed) -> None:
        """Keep why."""
        super().__init__(outcome.reason)
        self.outcome = outcome


class Talk:
    """One conversation. It is over when `lost`; then another has to be begun."""

    def __init__(self, account: Account) -> None:
        """Keep how to sign in; nothing is opened yet.

        Raises:
            OSError: the authority's file cannot be read.
        """
        self.lost = False
        self._account = account
        self._client = _Client(account, self, ssl.create_default_context(cafile=account.ca_file))
        self._began: Future[Retry | Failed | None] = get_running_loop().create_future()
        self._accident = _LOST
        self._refused_as = ""
        self._waiting: dict[str, Future[Any]] = {}
        self._entering: defaultdict[str, Lock] = defaultdict(Lock)
        self._entered: set[str] = set()
        self._heard_at = 0.0
        self._listen()

    async def begin(self) -> None:
        """Connect and sign in.

        Raises:
            NotBegun: that did not come about; its outcome says why.
        """
        to = self._account
        try:
            self._client.connect(to.host, to.port if to.host else None)
            refused = await self._began
        except BaseException:
            self.hang_up()
            raise
        if refused is not None:
            self.hang_up()
            raise NotBegun(refused)
        self._client.send_presence(
            ppriority=-1
        )  # online, so that who asks is let be a contact; others' words go past us
        self._heard_at = get_running_loop().time()

    async def lives(self, *, within_s: float = LIVES_WITHIN_S) -> bool:
        """Return whether a message can be risked here: a connection that rested for long has to answer first."""
        if self.lost or get_running_loop().time() - self._heard_at < RESTS_S:
            return not self.lost
        pong = self._ask(self._account.jid.domain)
        await wait({pong}, timeout=within_s)
        return pong.done() and pong.result() is not None

    async def enter(self, room: JID) -> Outcome | None:
        """Enter a room, where we are not in it yet; return why that failed, None where we are in."""
        async with self._entering[room.bare]:
            if room.bare in self._entered:
                return None
            for nick in (NICK, f"{NICK}-{self._client.new_id()[:6]}"):
                came = await self._knock(room, nick)
                if came is None:
                    return _LOST
                if came["type"] != "error":
                    return self._enter_as(came, room)
                if condition_of(came["error"]) != "conflict":  # somebody else is called so
                    break
            return refused(came)

    async def say(self, text: str, to: JID, *, its_id: str, room: bool, until: float) -> Outcome:
        """Write one message and return what became of it; cancelled, it may have been sent.

        What the server has taken is sent in any case at `until`, an instant of the loop's clock.
        """
        if self.lost:
            return _LOST
        message = self._client.make_message(to, text, mtype="groupchat" if room else "chat")
        message["id"] = its_id
        back, taken = self._expect(its_id), self._expect(f"taken {its_id}")
        try:
            self._client.send(message)
            passed = self._ask(to.domain)
            taken = self._taken(taken)
            await wait({back, taken}, return_when=FIRST_COMPLETED)
            if not back.done():
                left_s = until - get_running_loop().time() - _MARGIN_S
                await wait({back, passed}, timeout=max(0.0, min(SETTLES_S, left_s)), return_when=FIRST_COMPLETED)
            self._heard_at = get_running_loop().time()
            return self._judged(back, to, its_id, taken=taken)
        finally:
            self._waiting.pop(its_id, None)
            self._waiting.pop(f"taken {its_id}", None)

    def hang_up(self) -> None:
        """End the conversation at once."""
        self._over()
        self._client.end()

    async def close(self) -> None:
        """Take leave of the server, and end the conversation."""
        if not self.lost:
            await self._client.disconnect(wait=CLOSES_WITHIN_S, ignore_send_queue=True)
        self.hang_up()
        await self._client.ended()

    # --- what is asked -----------------------------------------------------------------------------------------

    def _expect(self, name: str) -> Future[Any]:
        """Return what will come by `name`: a stanza, or None where the connection is lost before."""
        awaited: Future[Any] = get_running_loop().create_future()
        if self.lost:
            awaited.set_result(None)
        else:
            self._waiting[name] = awaited
        return awaited

    def _ask(self, domain: str) -> Future[Any]:
        """Ping a server; whatever it answers, it has read what was written to it before."""
        ping = self._client.make_iq_get(ito=JID(domain))
        ping.append(ET.Element("{urn:xmpp:ping}ping"))
        self._client.send(ping)
        return self._expect(str(ping["id"]))

    def _taken(self, acked: Future[Any]) -> Future[Any]:
        """Have the server say that it has taken what was written: by an ack, else by a ping that it answers in turn."""
        if "stream_management" not in self._client.features:
            return self._ask(self._account.jid.domain)
        self._client.send("<r xmlns='urn:xmpp:sm:3'/>")
        return acked

    async def _knock(self, room: JID, nick: str) -> Any:
        presence = self._client.make_presence(pto=f"{room.bare}/{nick}")
        entering = ET.SubElement(presence.xml, f"{{{MUC}}}x")
        ET.SubElement(entering, f"{{{MUC}}}history", maxstanzas="0")
        came = self._expect(f"room {room.bare}")
        self._client.send(presence)
        return await came

    def _enter_as(self, came: Any, room: JID) -> Outcome | None:
        """We are in; where the room was made only by our entering it, we leave, and it is gone again."""
        if _CREATED not in statuses(came):
            self._entered.add(room.bare)
            return None
        self._client.send(self._client.make_presence(pto=came["from"], ptype="unavailable"))
        return Failed("There is no such room on the XMPP server.", Fault.ADDRESS)

    def _judged(self, back: Future[Any], to: JID, its_id: str, *, taken: Future[Any]) -> Outcome:
        came = back.result() if back.done() else None
        if came is None or came["type"] != "error":
            known = came is not None or (taken.done() and taken.result() is not None)
            return Sent(its_id) if known else Ambiguous("The connection to the XMPP server was lost.", Fault.RESET)
        if condition_of(came["error"]) == "not-acceptable" and to.bare in self._entered:
            self._entered.discard(to.bare)
            return Retry("The room has forgotten us; OpsKnight enters it anew.")
        return refused(came)

    # --- what is heard -----------------------------------------------------------------------------------------

    def _listen(self) -> None:
        on = self._client.add_event_handler
        on("connection_failed", self._not_connected)
        on("ssl_invalid_chain", self._not_secured)
        on("failed_auth", self._note_refusal)
        on("failed_all_auth", self._signed_out)
        on("stream_error", self._stream_error)
        on("stream_negotiated", self._negotiated)
        on("stanza_acked", self._acked)
        on("disconnected", self._disconnected)
        for path in ("message", "iq@type=result", "iq@type=error"):
            self._client.register_handler(Callback(f"opsknight {path}", StanzaPath(path), self._stanza))
        self._client.register_handler(Callback("opsknight presence", StanzaPath("presence"), self._presence))

    def _acked(self, stanza: Any) -> None:
        self._came(f"taken {stanza['id']}", stanza)

    def _stanza(self, stanza: Any) -> None:
        self._came(str(stanza["id"]), stanza)

    def _presence(self, presence: Any) -> None:
        if presence["type"] == "error" or _SELF in statuses(presence):
            room = presence["from"].bare
            if presence["type"] == "unavailable":
                self._entered.discard(room)
            else:
                self._came(f"room {room}", presence)

    def _came(self, name: str, stanza: Any) -> None:
        awaited = self._waiting.pop(name, None)
        if awaited is not None and not awaited.done():
            awaited.set_result(stanza)

    def _over(self) -> None:
        """The connection is lost: nothing more comes."""
        self.lost = True
        self._ends_before(self._accident)
        while self._waiting:
            _, awaited = self._waiting.popitem()
            if not awaited.done():
                awaited.set_result(None)

    def _ends_before(self, outcome: Retry | Failed | None) -> None:
        if not self._began.done():
            self._began.set_result(outcome)

    def _not_connected(self, error: object) -> None:
        self._accident = accident(error)

    def _not_secured(self, error: object) -> None:
        self._ends_before(accident(error))

    def _disconnected(self, why: object) -> None:
        if isinstance(why, ssl.SSLError):  # while STARTTLS was negotiated
            self._accident = accident(why)
        self._over()

    def _signed_out(self, _: object) -> None:
        self._ends_before(self._not_signed_in())

    def _negotiated(self, _: object) -> None:
        """Signed in, so far as the server says; nothing is said to one that has not shown who it is."""
        client = self._client
        secure = client.transport is not None and client.transport.get_extra_info("ssl_object") is not None
        ours = client.authenticated and client.bound
        self._ends_before(None if ours and (secure or self._account.plain) else self._not_signed_in())

    def _note_refusal(self, failure: Any) -> None:
        self._refused_as = str(failure["condition"])

    def _not_signed_in(self) -> Retry | Failed:
        if self._refused_as == "temporary-auth-failure":
            return Retry("The XMPP server can sign nobody in at present.")
        if self._refused_as:
            why = f"The XMPP server does not let OpsKnight's account in ({self._refused_as}): see its password."
        else:
            why = "The XMPP server offers no encryption, or no way to sign in that can be used."
        return Failed(why, Fault.SETTINGS)

    def _stream_error(self, error: Any) -> None:
        condition = str(error["condition"])
        fault = PASSING.get(condition, Fault.PROVIDER)
        self._accident = Retry(f"The XMPP server ended the conversation: {condition}.", fault)
        if condition == "host-unknown":
            why = f"The XMPP server does not serve {self._account.jid.domain}."
            self._ends_before(Failed(why, Fault.SETTINGS))


class _Client(ClientXMPP):
    """slixmpp's client, which would otherwise connect again and again by itself, and go where a server sends it."""

    def __init__(self, account: Account, talk: Talk, trusts: ssl.SSLContext) -> None:
        plain = account.plain
        super().__init__(
            account.jid,
            account.password,
            plugin_config={"feature_mechanisms": {"unencrypted_plain": plain, "unencrypted_scram": plain}},
            ssl_context=trusts,
            loop=get_running_loop(),
        )
        self._talk = talk
        self._negotiating: set[Task[Any]] = set()
        self.register_plugin("xep_0198", {"allow_resume": False, "window": 2**31})  # whoever writes asks for acks
        self.register_plugin("xep_0199")
        self.max_redirects = -1
        self.roster.auto_subscribe = False  # who asks may see that we are here; where they are is not ours to know
        self.enable_plaintext = plain
        by_dns = account.host is None
        self.enable_direct_tls = not plain and (by_dns or account.direct)
        self.enable_starttls = not plain and (by_dns or not account.direct)

    def reschedule_connection_attempt(self) -> None:
        """Leave it at that: every way to the server was tried once."""
        self._talk._over()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    async def get_dns_records(self, domain: str, port: int | None = None) -> list[tuple[str, str, str, int]]:
        """Return where a domain is served: by its SRV records, else at its own name, where STARTTLS is spoken."""
        found = await super().get_dns_records(domain, port)
        return [(service or "xmpp-client", *rest) for service, *rest in found or [("", domain, domain, 5222)]]  # type: ignore[misc]

    async def _handle_stream_features(self, features: StreamFeatures) -> bool | None:
        """Negotiate, in a task that ends with the conversation rather than half a minute later."""
        if (task := current_task()) is not None:
            self._negotiating.add(task)
            task.add_done_callback(self._negotiating.discard)
        return await super()._handle_stream_features(features)

    def end(self) -> None:
        """Let go of everything."""
        self.cancel_connection_attempt()
        self.abort()
        for name in list(self.scheduled_events):
            self.cancel_schedule(name)
        for task in self._tasks():
            task.cancel()

    async def ended(self) -> None:
        """Wait until what `end` let go of has gone."""
        if tasks := self._tasks():
            await wait(tasks)

    def _tasks(self) -> set[Future[Any]]:
        return {*self._negotiating, *([self._run_out_filters] if self._run_out_filters is not None else [])}
