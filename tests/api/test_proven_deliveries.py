"""Deliveries to an integration with a secret: only what its monitor signed counts, and nobody learns why not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
import structlog
from prometheus_client import REGISTRY

from opsknight.api.ingest import EVENTS
from opsknight.api.providers.table import PROVIDERS
from opsknight.domain.commands.turned_away import Turned
from opsknight.domain.store.engine import Database
from tests.api.a_door import Door, a_door
from tests.clock import NOON, StoppedClock

SECRET = "Violet hinges creak"
KEY = base64.b64encode(b"thirty-two bytes of signing key!").decode()
Signed = Callable[[bytes, str, datetime], dict[str, str]]


def digest(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def by_github(body: bytes, secret: str, _at: datetime) -> dict[str, str]:
    signature = digest(secret, body)
    return {"x-github-event": "workflow_run", "x-github-delivery": "d-1", "x-hub-signature-256": f"sha256={signature}"}


def by_sentry(body: bytes, secret: str, _at: datetime) -> dict[str, str]:
    return {"sentry-hook-resource": "issue", "request-id": "r-1", "sentry-hook-signature": digest(secret, body)}


def by_pagerduty(body: bytes, secret: str, _at: datetime) -> dict[str, str]:
    return {"x-webhook-id": "w-1", "x-pagerduty-signature": f"v1={'0' * 64},v1={digest(secret, body)}"}


def by_grafana(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = digest(secret, f"{sent}:".encode() + body)
    return {"x-grafana-alerting-timestamp": sent, "x-grafana-alerting-signature": signature}


def by_gitlab(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """Sign as Standard Webhooks do, with the key itself in base64."""
    sent, key = str(int(at.timestamp())), base64.b64decode(KEY) + secret.encode()
    signature = base64.b64encode(hmac.new(key, f"m-1.{sent}.".encode() + body, hashlib.sha256).digest()).decode()
    return {
        "idempotency-key": "m-1",
        "webhook-id": "m-1",
        "webhook-timestamp": sent,
        "webhook-signature": f"v1,{signature}",
    }


def as_bearer(_body: bytes, secret: str, _at: datetime) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


SCHEMES: list[tuple[str, Signed]] = [
    ("github", by_github),
    ("sentry", by_sentry),
    ("pagerduty_webhook", by_pagerduty),
    ("grafana", by_grafana),
    ("gitlab", by_gitlab),
]
TIMED = [scheme for scheme in SCHEMES if scheme[0] in {"grafana", "gitlab"}]


def stored_as(slug: str, secret: str = SECRET) -> str:
    """Return what a person copies into the integration for the monitor to sign with `secret`."""
    return f"whsec_{base64.b64encode(base64.b64decode(KEY) + secret.encode()).decode()}" if slug == "gitlab" else secret


def body_of(slug: str) -> bytes:
    return json.dumps(dict(PROVIDERS[slug].sample)).encode()


@pytest.fixture
async def door(database: Database, clock: StoppedClock) -> AsyncIterator[Door]:
    """A door that takes events, at noon."""
    async with a_door(database, clock) as opened:
        yield opened


@pytest.mark.parametrize(("slug", "signed"), SCHEMES)
async def test_what_the_monitor_signed_opens_an_incident(door: Door, slug: str, signed: Signed):
    integration, body = await door.integration(slug, stored_as(slug)), body_of(slug)

    answer = await door.send(integration, body, signed(body, SECRET, NOON))

    assert answer.status_code == 202, answer.text
    assert await door.count("incidents") == 1


@pytest.mark.parametrize(("slug", "signed"), SCHEMES)
async def test_whatever_is_wrong_the_answer_is_the_same_and_nothing_is_kept(door: Door, slug: str, signed: Signed):
    integration, body = await door.integration(slug, stored_as(slug)), body_of(slug)
    other = await door.integration(slug, stored_as(slug, "another integration's"))
    right = signed(body, SECRET, NOON)
    unsigned = {name: said for name, said in right.items() if "signature" not in name}
    forged = {name: said.translate(str.maketrans("abc", "bca")) for name, said in right.items() if "signature" in name}

    answers = [
        await door.send(integration, body + b" ", right),  # tampered with
        await door.send(integration, json.dumps(json.loads(body), indent=1).encode(), right),  # said anew
        await door.send(integration, body, signed(body, "guessed", NOON)),
        await door.send(integration, body, signed(body, "another integration's", NOON)),
        await door.send(other, body, right),
        await door.send(integration, body, unsigned),
        await door.send(integration, body, {**right, **forged}),
        await door.send(integration, b"{", {}),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert not any("delivery_id" in answer.json() for answer in answers)
    assert (await door.count("deliveries"), await door.count("incidents")) == (0, 0)


@pytest.mark.parametrize(("slug", "signed"), TIMED)
@pytest.mark.parametrize(("age_s", "status"), [(299, 202), (301, 401), (-301, 401)])
async def test_what_was_signed_more_than_five_minutes_from_now_is_refused(
    door: Door, slug: str, signed: Signed, age_s: int, status: int
):
    integration, body = await door.integration(slug, stored_as(slug)), body_of(slug)

    answer = await door.send(integration, body, signed(body, SECRET, NOON - timedelta(seconds=age_s)))

    assert answer.status_code == status


@pytest.mark.parametrize(("slug", "signed"), SCHEMES)
async def test_what_was_overheard_and_is_sent_again_changes_nothing(door: Door, slug: str, signed: Signed):
    integration, body = await door.integration(slug, stored_as(slug)), body_of(slug)
    right = signed(body, SECRET, NOON)
    first = await door.send(integration, body, right)

    again = await door.send(integration, body, {"idempotency-key": "made up", **right})

    assert (again.status_code, again.json()["duplicate"]) == (202, True)
    assert again.json()["delivery_id"] == first.json()["delivery_id"]
    assert (await door.count("deliveries"), await door.count("events")) == (1, 1)


async def test_while_the_former_secret_counts_both_do(door: Door):
    integration = await door.integration("github", "new", former_secret="old")
    body = body_of("github")

    statuses = [
        (await door.send(integration, body, by_github(body, secret, NOON))).status_code
        for secret in ("new", "old", "older")
    ]

    assert statuses == [202, 202, 401]


async def test_a_monitor_that_signs_nothing_may_carry_the_secret(door: Door):
    integration = await door.integration("alertmanager", SECRET)
    alert = {"status": "firing", "labels": {"alertname": "DiskFull"}}
    body = json.dumps({"version": "4", "alerts": [alert]}).encode()
    basic = base64.b64encode(f"opsknight:{SECRET}".encode()).decode()

    taken = [
        (await door.send(integration, body, headers)).status_code
        for headers in (
            {"authorization": f"Bearer {SECRET}"},
            {"authorization": f"Basic {basic}"},
            {"x-opsknight-secret": SECRET},
            {"authorization": f"Basic {SECRET}"},
            {"authorization": "Bearer "},
            {"authorization": "Bearer guessed", "x-opsknight-secret": SECRET},
            {},
        )
    ]

    assert taken == [202, 202, 202, 401, 401, 401, 401]


async def test_what_does_not_prove_itself_is_counted_by_the_hour_for_its_page(door: Door):
    integration, body = await door.integration("github", SECRET), body_of("github")

    for secret in ("guessed", SECRET, "guessed again"):
        await door.send(integration, body, by_github(body, secret, NOON))

    counted: list[Turned] = []
    await door.routes.away.counted.store_counted(partial(_keep, counted))
    assert counted == [Turned(integration.id, NOON, unproven=2, unproven_at=NOON)]


async def _keep(kept: list[Turned], counted: Sequence[Turned]) -> None:
    kept.extend(counted)


async def test_without_a_secret_nothing_is_checked(door: Door):
    integration = await door.integration("github", "")

    assert (await door.send(integration, body_of("github"), {"x-github-event": "workflow_run"})).status_code == 202


async def test_a_body_that_is_too_large_to_be_checked_is_refused_and_not_kept(door: Door):
    integration = await door.integration("github", SECRET)

    answer = await door.send(integration, b" " * 1_100_000, {})

    assert (answer.status_code, await door.count("deliveries")) == (413, 0)


async def test_the_short_cut_takes_nothing_that_must_be_proven(door: Door):
    proven, open_to_all = await door.integration("generic", SECRET), await door.integration("generic", "")
    body = json.dumps({"title": "Disk full"}).encode()

    taken = [
        door.routes.at_once(f"{EVENTS}{one.key}".encode(), [], body, lambda *_: None) for one in (proven, open_to_all)
    ]

    assert taken == [False, True]


async def test_no_log_or_message_that_shows_an_integration_shows_its_secret(door: Door):
    integration = await door.integration("github", SECRET, former_secret="the former")

    known = await door.deps.catalogue.find(integration.key)

    assert known is not None
    assert known.secrets == (SECRET, "the former")
    assert not any(secret in repr(known) for secret in known.secrets)


@pytest.mark.parametrize("kind", ["webhook", "svix"])
async def test_any_sender_may_sign_by_standard_webhooks(door: Door, kind: str):
    integration = await door.integration("generic", f"whsec_{KEY}")
    body = json.dumps({"title": "Disk full"}).encode()
    sent = str(int(NOON.timestamp()))
    key = base64.b64decode(KEY)
    signature = base64.b64encode(hmac.new(key, f"m-1.{sent}.".encode() + body, hashlib.sha256).digest()).decode()
    right = {f"{kind}-id": "m-1", f"{kind}-timestamp": sent, f"{kind}-signature": f"v1,{signature}"}

    answers = [
        await door.send(integration, body, right),
        await door.send(integration, body, right),
        await door.send(integration, body, {**right, f"{kind}-id": "m-2"}),
    ]

    assert [answer.status_code for answer in answers] == [202, 202, 401]
    assert answers[1].json()["duplicate"]


async def test_a_forger_is_counted_each_time_but_does_not_fill_the_log(door: Door, caplog: pytest.LogCaptureFixture):
    integration = await door.integration("github", SECRET)
    before = unproven("github")

    with structlog.testing.capture_logs() as lines:
        for _ in range(5):
            await door.send(integration, body_of("github"), {})

    assert unproven("github") - before == 5
    said = [line for line in lines if line["event"] == "a delivery did not prove itself"]
    assert [(line["integration"], line["provider"]) for line in said] == [(integration.id, "github")]
    assert SECRET not in str(lines) + caplog.text


def unproven(provider: str) -> float:
    """Return how many deliveries of a kind of monitor were refused so far."""
    return REGISTRY.get_sample_value("opsknight_unproven_deliveries_total", {"provider": provider}) or 0.0
