"""What an XMPP server's answers mean, and what went wrong where it gave none. Source: RFC 6120, 8.3 (stanza errors)."""

from __future__ import annotations

import ssl
from typing import Any, Final

from opsknight.jobs.channels.channel import Failed, Fault, Retry

MUC: Final = "http://jabber.org/protocol/muc"
_STANZAS: Final = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
PASSING: Final = {
    "policy-violation": Fault.THROTTLED,
    "resource-constraint": Fault.THROTTLED,
    "remote-server-not-found": Fault.DNS,
    "remote-server-timeout": Fault.TIMEOUT,
    "internal-server-error": Fault.PROVIDER,
}
"""Conditions that pass, whatever type of error the server makes of them."""
_ADVICE: Final = {
    "item-not-found": "There is no such account or room.",
    "service-unavailable": "There is no such account, it takes no messages while it is offline, or only those of its "
    "contacts: add OpsKnight's account to them.",
    "forbidden": "Let OpsKnight's account write there.",
    "not-allowed": "Let OpsKnight's account write there.",
    "not-authorized": "The room has a password; OpsKnight enters only rooms without.",
    "registration-required": "Only members may enter the room: make OpsKnight's account one.",
    "subscription-required": "Add OpsKnight's account to your contacts.",
}


def refused(stanza: Any) -> Retry | Failed:
    """Return what an error that came back instead of an answer means."""
    error = stanza["error"]
    condition, words = condition_of(error), " ".join(str(error["text"]).split())[:200]
    said = f"The XMPP server said {condition}" + (f": {words}" if words else ".")
    if condition in PASSING:
        return Retry(said, PASSING[condition])
    if error["type"] == "wait":
        return Retry(said)
    advice = _ADVICE.get(condition, "")
    return Failed(f"{said} {advice}".strip(), Fault.ADDRESS, gone=condition == "gone")


def accident(error: object) -> Retry:
    """Return what an error means before there was a connection; slixmpp has words for names that do not resolve."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Retry(f"The XMPP server's certificate is not valid: {error.verify_message}", Fault.CERTIFICATE)
    if isinstance(error, ssl.SSLError):
        return Retry(f"No secure connection to the XMPP server: {error}", Fault.TLS)
    if isinstance(error, TimeoutError):
        return Retry("The XMPP server did not answer in time.", Fault.TIMEOUT)
    if isinstance(error, ConnectionResetError):
        return Retry("The XMPP server resets the connection.", Fault.RESET)
    if isinstance(error, OSError):
        return Retry(f"The XMPP server cannot be reached: {error.strerror or error}", Fault.REFUSED)
    return Retry("The XMPP server's name does not resolve.", Fault.DNS)


def condition_of(error: Any) -> str:
    """Return what an error is called; slixmpp knows not all of RFC 6120's conditions by itself."""
    names = [one.tag.removeprefix(_STANZAS) for one in error.xml if one.tag.startswith(_STANZAS)]
    return next((name for name in names if name != "text"), "undefined-condition")


def statuses(presence: Any) -> set[str]:
    """Return the status codes by which a room says more of a presence."""
    return {one.get("code", "") for one in presence.xml.iter(f"{{{MUC}#user}}status")}
