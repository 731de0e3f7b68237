"""Matrix: an event in a room. Source: https://spec.matrix.org/latest/client-server-api/."""

from __future__ import annotations

import re

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.matrix import MatrixChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

ROOM, ALIAS, EVENT = "!OGEhHVWSdvArJzumhm:example.com", "#ops:example.com", "$YUwQidLecu:example.com"
API = "/_matrix/client/v3"


def check(asked: Asked) -> None:
    """Refuse what a home server would."""
    assert asked.headers["Authorization"] == "Bearer T"
    if (asked.method, asked.path) in (("GET", f"{API}/directory/room/{ALIAS}"), ("POST", f"{API}/join/{ROOM}")):
        return
    assert asked.method == "PUT"
    assert re.fullmatch(rf"{API}/rooms/{re.escape(ROOM)}/send/m\.room\.message/[\w-]+", asked.path)
    assert len(asked.body) < 65_000, "an event of at most 65,536 bytes"
    sent = asked.json
    for content in (sent, sent.get("m.new_content", sent)):
        assert content["msgtype"] in ("m.text", "m.notice")
        assert content["body"]
        assert content["format"] == "org.matrix.custom.html"
        assert content["m.mentions"] == {}, "nobody is mentioned"
        marks = re.sub(r'</?(strong|br|a)( href="[^"<>]*")?>', "", content["formatted_body"])
        assert "<" not in marks, "only marks of our own"


def takes(asked: Asked) -> Said:
    """Find a room, join it, or take an event."""
    if asked.method == "PUT":
        return Said(200, {"event_id": EVENT})
    return Said(200, {"room_id": ROOM, "servers": ["example.com"]}, takes=False)


CASE = HttpCase(
    make=lambda origin, now, budget_s: MatrixChannel(origin, token="T", now=now, budget_s=budget_s),
    address=lambda _origin: Address(ROOM),
    takes=takes,
    for_now=Said(429, {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many requests", "retry_after_ms": 2000}),
    for_good=Said(404, {"errcode": "M_NOT_FOUND", "error": "Room not found"}),
    check=check,
)
