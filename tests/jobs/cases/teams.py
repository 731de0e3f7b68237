"""Teams: a webhook of the Workflows app that takes an adaptive card."""

from __future__ import annotations

from opsknight.jobs.channels.channel import Address
from opsknight.jobs.channels.teams import TeamsChannel
from tests.jobs.http_case import HttpCase
from tests.peers.http_provider import Asked, Said


def check(asked: Asked) -> None:
    """Refuse what a workflow or Teams would."""
    assert (asked.method, asked.path) == ("POST", "/workflows/8f7a/triggers/manual/paths/invoke"), "the address"
    assert asked.query == {"api-version": "2016-06-01", "sig": "s3cr-et"}, "the signature in the address"
    assert len(asked.body) <= 28 * 1024, "RequestEntityTooLarge"
    sent = asked.json
    assert sent["type"] == "message", "a message"
    (attachment,) = sent["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive", "a card"
    card = attachment["content"]
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4"), "an adaptive card"
    assert all(element["type"] in ("TextBlock", "RichTextBlock") for element in card["body"]), "elements of 1.4"
    assert all(action["type"] == "Action.OpenUrl" and action["url"] for action in card["actions"]), "actions of 1.4"


CASE = HttpCase(
    make=lambda _origin, now, budget_s: TeamsChannel(now=now, allow_private=True, budget_s=budget_s),
    address=lambda origin: Address(
        f"{origin}/workflows/8f7a/triggers/manual/paths/invoke?api-version=2016-06-01&sig=s3cr-et"
    ),
    takes=lambda _asked: Said(202, ""),
    for_now=Said(429, {"error": {"code": "RateLimitExceeded", "message": "Rate limit is exceeded."}}),
    for_good=Said(404, {"error": {"code": "WorkflowNotFound", "message": "The workflow was not found."}}),
    check=check,
    names=False,
)
