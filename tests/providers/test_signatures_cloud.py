"""Signatures of Grafana, Sentry, Splunk Observability Cloud and Honeycomb: with known vectors, and tampered with."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

import pytest

from opsknight.api.providers.provider import Request
from opsknight.api.providers.table import PROVIDERS
from tests.clock import NOON

VECTORS = [
    (
        "grafana",
        "secret",
        b"test message",
        {"x-grafana-alerting-signature": "3bcebf43c85d20bba6e3b6ba278af1d2ba3ab0d57de271b0ad30b833e851c5a6"},
    ),
    (
        "sentry",
        "secret",
        b'{"action":"created"}',
        {"sentry-hook-signature": "0031e94255b70a79704e0356204543768c078ca4f48b3ccc547edef03f4f338a"},
    ),
    (
        "splunk-observability",
        "shared",
        b'{"severity":"Critical"}',
        {"x-sfx-signature": "X3dtTtFMF0J+1ONYFJouwJDsBkzUiMgu0ZxA7l9d/rg="},
    ),
]


def is_signed(slug: str, secret: str, body: bytes, headers: dict[str, str], at: datetime = NOON) -> bool:
    """Return what the adapter says of a request."""
    verify = PROVIDERS[slug].verify
    assert verify is not None
    return verify(Request(headers=headers, body=body, received_at=at), secret)


@pytest.mark.parametrize(("slug", "secret", "body", "headers"), VECTORS)
def test_a_known_signature_is_right(slug: str, secret: str, body: bytes, headers: dict[str, str]):
    assert is_signed(slug, secret, body, headers)


@pytest.mark.parametrize(("slug", "secret", "body", "headers"), VECTORS)
def test_another_body_secret_or_signature_is_wrong(slug: str, secret: str, body: bytes, headers: dict[str, str]):
    [(name, signature)] = headers.items()

    assert not is_signed(slug, secret, body + b" ", headers)
    assert not is_signed(slug, "another", body, headers)
    assert not is_signed(slug, secret, body, {})
    assert not is_signed(slug, secret, body, {name: signature[::-1]})
    assert not is_signed(slug, secret, body, {name: "\udcff"})


def test_grafanas_signature_covers_the_time_where_it_is_sent_and_only_fresh_ones_count():
    at = datetime.fromtimestamp(0, tz=NOON.tzinfo)
    headers = {
        "x-grafana-alerting-signature": "ac18a483a582b60a883e974541afe25aa1026136163e94665649743324183ef1",
        "x-grafana-alerting-timestamp": "0",
    }

    assert is_signed("grafana", "secret", b"test message", headers, at)
    assert not is_signed("grafana", "secret", b"test message", headers, at + timedelta(minutes=6))
    assert not is_signed("grafana", "secret", b"test message", headers | {"x-grafana-alerting-timestamp": "1"}, at)
    assert not is_signed("grafana", "secret", b"test message", headers | {"x-grafana-alerting-timestamp": "\udcff"}, at)


def test_an_hour_old_request_of_grafana_is_refused_though_its_signature_is_right():
    sent = str(int((NOON - timedelta(hours=1)).timestamp()))
    signature = hmac.new(b"secret", f"{sent}:body".encode(), hashlib.sha256).hexdigest()
    headers = {"x-grafana-alerting-signature": signature, "x-grafana-alerting-timestamp": sent}

    assert not is_signed("grafana", "secret", b"body", headers)
    assert is_signed("grafana", "secret", b"body", headers, NOON - timedelta(hours=1))


@pytest.mark.parametrize(("given", "right"), [("s3cret", True), ("s3cre", False), ("", False), ("S3CRET", False)])
def test_honeycomb_gives_the_secret_itself(given: str, *, right: bool):
    assert is_signed("honeycomb", "s3cret", b"{}", {"x-honeycomb-webhook-token": given}) is right


def test_a_honeycomb_request_without_its_header_is_refused():
    assert not is_signed("honeycomb", "s3cret", b"{}", {})
