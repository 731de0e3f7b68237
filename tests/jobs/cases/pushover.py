"""Pushover: a message. Source: https://pushover.net/api."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.pushover import PushoverChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said

APP, USER, RECEIPT = "a" * 30, "u" * 30, "r" * 30


def check(asked: Asked) -> None:
    """Refuse what Pushover would."""
    assert asked.method == "POST"
    assert asked.form["token"] == APP
    if asked.path == f"/1/receipts/{RECEIPT}/cancel.json":
        return
    sent = asked.form
    assert asked.path == "/1/messages.json"
    assert sent["user"] == USER
    assert 0 < len(sent["message"]) <= 1024
    assert len(sent["title"]) <= 250
    assert len(sent["url"]) <= 512
    assert len(sent["url_title"]) <= 100
    if sent["priority"] == "2":
        assert int(sent["retry"]) >= 30, "retry of at least 30 seconds"
        assert int(sent["expire"]) <= 10800, "expire of at most three hours"
    else:
        assert not {"retry", "expire", "callback"} & set(sent), "of emergencies only"


def takes(asked: Asked) -> Said:
    """Take a message; an emergency gets a receipt."""
    taken = {"status": 1, "request": "647d2300-702c-4b38-8b2f-d56326ae460b"}
    return Said(200, {**taken, "receipt": RECEIPT} if asked.form.get("priority") == "2" else taken)


CASE = HttpCase(
    make=lambda origin, now, budget_s: PushoverChannel(origin, token=APP, now=now, budget_s=budget_s),
    address=lambda _origin: Address(USER),
    takes=takes,
    for_good=Said(400, {"user": "invalid", "errors": ["user identifier is not a valid user"], "status": 0}),
    check=check,
)
