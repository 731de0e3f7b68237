"""Twilio as it is from outside: takes what its API takes, signs what it calls back, and presses keys."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from tests.peers.http_provider import Asked, Said

SID, TOKEN = "AC" + "0" * 32, "the-auth-token-of-the-account"
_E164 = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")
_PATH = re.compile(rf"/2010-04-01/Accounts/{SID}/(Messages|Calls)\.json")
_KNOWN = {
    "Messages": {"To", "From", "MessagingServiceSid", "Body", "ContentSid", "ContentVariables", "StatusCallback"},
    "Calls": {
        "To", "From", "Twiml", "Timeout", "StatusCallback", "MachineDetection", "AsyncAmd", "AsyncAmdStatusCallback",
    },
}  # fmt: skip


def check(asked: Asked) -> None:
    """Refuse what Twilio would."""
    found = _PATH.fullmatch(asked.path)
    assert found, f"no resource of Twilio's is at {asked.path}"
    wanted = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert asked.headers["Authorization"] == wanted, "Basic authentication by account and token"
    if asked.method == "GET":
        return
    form = asked.form
    assert set(form) <= _KNOWN[found[1]], f"unknown parameters: {set(form) - _KNOWN[found[1]]}"
    assert _E164.fullmatch(form["To"]), "E.164"
    assert form.get("MessagingServiceSid", "").startswith("MG") or _E164.fullmatch(form["From"]), "a sender"
    for name in ("StatusCallback", "AsyncAmdStatusCallback"):
        assert form.get(name, "https://x").startswith("https://"), "a URL that Twilio can call"
    if found[1] == "Calls":
        assert len(form["Twiml"]) <= 4000, "at most 4,000 characters of TwiML"
        assert ET.fromstring(form["Twiml"]).tag == "Response", "TwiML"  # noqa: S314  # our own
    elif "ContentSid" not in form:
        assert 1 <= len(form["Body"]) <= 1600, "a body of at most 1,600 characters"


def takes(asked: Asked) -> Said:
    """Answer as Twilio does for what it takes, and with nothing when it is asked what it has."""
    name = "Messages" if "Messages" in asked.path else "Calls"
    if asked.method == "GET":
        return Said(200, {name.lower(): []}, takes=False)
    if name == "Calls":
        return Said(201, {"sid": "CA" + "1" * 32, "status": "queued", "direction": "outbound-api"})
    return Said(201, {"sid": "SM" + "1" * 32, "status": "queued", "num_segments": "1", "price": None})


def refusal(code: int, message: str, *, status: int = 400) -> Said:
    """Answer as Twilio does for what it refuses."""
    return Said(
        status, {"code": code, "message": message, "more_info": "https://www.twilio.com/docs", "status": status}
    )


@dataclass
class Callback:
    """One request of Twilio's to a URL, signed by its own code."""

    url: str
    params: dict[str, str]
    token: str = TOKEN

    @property
    def headers(self) -> dict[str, str]:
        """What Twilio sends besides the form."""
        signature = RequestValidator(self.token).compute_signature(self.url, self.params)
        return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}

    @property
    def body(self) -> bytes:
        """The form."""
        return urlencode(self.params).encode()


@dataclass
class Played:
    """What is heard of TwiML: every `words`, and where a key goes, if one is asked for."""

    twiml: str
    words: list[str] = field(default_factory=list[str])
    action: str | None = None

    def __post_init__(self) -> None:
        """Play it."""
        root = ET.fromstring(self.twiml)  # noqa: S314  # our own
        assert root.tag == "Response", "TwiML is within a Response"
        gather = root.find("Gather")
        self.action = gather.attrib["action"] if gather is not None else None
        self.words = ["".join(say.itertext()) for say in (gather if gather is not None else root).iter("Say")]
