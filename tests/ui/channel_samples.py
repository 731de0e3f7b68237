"""What the page of channels shows in the gallery: to an admin in a bad hour, to an observer on a good day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from opsknight.domain.model.budget import Budget
from opsknight.domain.model.canary import OWN
from opsknight.domain.model.channel import ChannelKind
from opsknight.domain.model.teams import CHANNEL
from opsknight.domain.queries.canaries import CanaryLine
from opsknight.domain.queries.costs import CostLine
from opsknight.domain.queries.rooms import RoomLine
from opsknight.domain.queries.sendings import SendingLine
from opsknight.jobs.channels import table
from opsknight.jobs.channels.channel import Ground
from opsknight.settings import Settings
from opsknight.ui.channels.reading import Costs, Standing, Told, Vouched
from tests.ui import samples

_FAULT = "Twilio answered 503: Service temporarily unavailable " + samples.LONG_WORD
_COSTS = Costs(
    [
        CostLine(month="2026-11", carrier="twilio", channel="sms", currency="EUR", messages=412, cost="31.2755"),
        CostLine(month="2026-11", carrier="vonage", channel="sms", currency="USD", messages=3, cost="0.21"),
        CostLine(month="2026-10", carrier="twilio", channel="voice", currency="EUR", messages=64, cost="7.68"),
    ],
    {"EUR": 31.28, "USD": 0.21},
    Budget(30.0, "EUR"),
    {"voice": ["OPSKNIGHT_TWILIO_VOICE_PRICE"]},
)


def _sending(
    channel: str, carrier: str, *, tried: int, accepted: int, retried: int = 0, failed: int = 0
) -> SendingLine:
    return SendingLine(
        channel=channel,
        carrier=carrier,
        tried=tried,
        accepted=accepted,
        retried=retried,
        ambiguous=tried - accepted - retried - failed,
        failed=failed,
    )


def _canary(channel: str, *, taken: int) -> CanaryLine:
    return CanaryLine(
        channel=channel,
        ended=60,
        taken=taken,
        last_at=samples.NOW - 40 if taken else None,
        last_outcome="accepted",
        middle_s=1.2 if taken else None,
        longest_s=14.0 if taken else None,
    )


def _room(number: int, team: str, channel: str, name: str, *, team_id: int = 1, why: str = "") -> RoomLine:
    return RoomLine(
        id=number,
        team_id=team_id,
        team=team,
        channel=channel,
        name=name,
        verified_at=None if number == 2 else samples.NOW - 90_000,
        disabled_at=samples.NOW - 60 if why else None,
        disabled_reason=why,
    )


ROOMS = [
    _room(1, "Payments", "slack", "#payments-alerts in Slack"),
    _room(2, "Payments", "email", f"{samples.LONG_WORD}@example.org in Mail"),
    _room(5, "Payments", CHANNEL, "Payments on call in Microsoft Teams", why="the OpsKnight app was removed there"),
    _room(3, samples.LONG_WORD, "webhook", "Status wall in Webhook", team_id=2, why="the webhook answered 410 Gone"),
    _room(4, "Edge network", "matrix", "#edge:example.org in Matrix", team_id=3),
]


def _kinds() -> list[ChannelKind]:
    settings = Settings(_env_file=None)
    kinds = table.kinds(Ground(settings, "", lambda: datetime(2026, 1, 1, tzinfo=UTC))).values()
    ready = ("email", "sms", CHANNEL)
    return [replace(kind, not_ready="") if kind.slug in ready else kind for kind in kinds if kind.slug != OWN]


def bad_hour() -> Told:
    """Return what an admin is told while texts do not go out and OpsKnight was blind."""
    sendings = [
        _sending("email", "smtp", tried=73, accepted=73),
        _sending("ntfy", "ntfy", tried=3, accepted=0, failed=3),
        _sending("sms", "twilio", tried=14, accepted=9, retried=3, failed=1),
        _sending("sms", "vonage", tried=4, accepted=4),
    ]
    canaries = {"email": _canary("email", taken=60), "ntfy": _canary("ntfy", taken=0), "push": _canary("push", taken=9)}
    return Told(
        vouched=Vouched(
            "no canary has arrived for 4 min",
            samples.NOW - 240,
            0.4,
            [{"from_at": samples.NOW - 9000, "to_at": samples.NOW - 8400}, {"from_at": samples.NOW - 990_000,
             "to_at": samples.NOW - 980_000}],
            watched=False,
        ),
        standings=[
            Standing(
                kind,
                _FAULT if kind.slug == "sms" else "",
                [line for line in sendings if line["channel"] == kind.slug],
                canaries.get(kind.slug),
                "/api/v1/channels/teams_bot/app" if kind.slug == CHANNEL else "",
            )
            for kind in _kinds()
        ],
        rooms=ROOMS,
        managed={1: "Payments", 2: samples.LONG_WORD},
        costs=_COSTS,
    )  # fmt: skip


def good_day() -> Told:
    """Return what an observer is told while all is well and nobody has a room yet."""
    return Told(
        vouched=Vouched("", samples.NOW - 20, 1.6, [], watched=True),
        standings=[Standing(kind) for kind in _kinds()],
        rooms=[],
        managed={},
        costs=None,
    )
