"""How the senders that sign prove who they are: the right key, a wrong one, none, and a changed body."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest

from opsknight.api.providers.provider import Request
from opsknight.api.providers.table import PROVIDERS
from tests.clock import NOON
from tests.providers.said import SAMPLES

SECRET = "Violet hinges creak"
BODY = b'{"state": "failed"}'


def signed(algorithm: str, *, key: str = SECRET, body: bytes = BODY) -> str:
    return hmac.new(key.encode(), body, algorithm).hexdigest()


def verified(slug: str, headers: dict[str, str], *, secret: str = SECRET, body: bytes = BODY) -> bool:
    verify = PROVIDERS[slug].verify
    assert verify is not None
    return verify(Request(headers=headers, body=body, received_at=NOON), secret)


SCHEMES = [
    ("github", "x-hub-signature-256", "sha256=" + signed("sha256"), "sha256=" + signed("sha256", key="another")),
    ("github", "x-hub-signature", "sha1=" + signed("sha1"), "sha1=" + signed("sha1", key="another")),
    ("bitbucket", "x-hub-signature", "sha256=" + signed("sha256"), "sha256=" + signed("sha256", key="another")),
    ("jira", "x-hub-signature", "sha256=" + signed("sha256"), "sha256=" + signed("sha256", key="another")),
    ("vercel", "x-vercel-signature", signed("sha1"), signed("sha1", key="another")),
    ("pagerduty_webhook", "x-pagerduty-signature", "v1=" + signed("sha256"), "v1=" + signed("sha256", key="another")),
]


@pytest.mark.parametrize(("slug", "header", "right", "wrong"), SCHEMES)
def test_a_body_is_taken_only_with_the_signature_of_its_secret(slug: str, header: str, right: str, wrong: str):
    assert verified(slug, {header: right})
    assert not verified(slug, {header: wrong})
    assert not verified(slug, {header: right}, body=BODY + b" ")
    assert not verified(slug, {header: right.partition("=")[2] or f"sha1={right}"})
    assert not verified(slug, {header: ""})
    assert not verified(slug, {})


@pytest.mark.parametrize(("slug", "header"), [("gitlab", "x-gitlab-token"), ("cloudflare", "cf-webhook-auth")])
def test_a_token_is_the_secret_itself(slug: str, header: str):
    assert verified(slug, {header: SECRET})
    assert not verified(slug, {header: SECRET.lower()})
    assert not verified(slug, {header: ""})
    assert not verified(slug, {})


@pytest.mark.parametrize(
    ("slug", "header", "secret", "body", "signature"),
    [
        (
            "github",
            "x-hub-signature-256",
            "It's a Secret to Everybody",
            b"Hello, World!",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
        (
            "bitbucket",
            "x-hub-signature",
            "It's a Secret to Everybody",
            b"Hello World!",
            "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
        ),
        (
            "vercel",
            "x-vercel-signature",
            "vercel-webhook-secret-999",
            b'{"type":"deployment.error","id":"evt_1"}',
            "669aba1fc1b40fb871b8ee3e8ffb3c67835d9edb",
        ),
    ],
)
def test_published_signatures_are_right(slug: str, header: str, secret: str, body: bytes, signature: str):
    assert verified(slug, {header: signature}, secret=secret, body=body)


def test_a_weaker_signature_does_not_stand_in_for_a_wrong_one():
    headers = {"x-hub-signature-256": "sha256=" + signed("sha256", key="another"), "x-hub-signature": SCHEMES[1][2]}

    assert not verified("github", headers)


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the collected samples are not here")
def test_pagerdutys_own_signature_is_right_among_several():
    body = (SAMPLES / "pagerduty-webhook-v3/priority_updated_signature_body.json").read_bytes().removesuffix(b"\n")
    secret = "lDQHScfUeXUKaQRNF+8XIiDKZ7XX3itBAYzwU0TARw8lJqRnkKl2iB1anSb0Z+IK"
    right = "v1=0c0b9495b893a39e70d1fea2fe11fbe0a825f88b9f67846f6cc07dd2bc5476cd"
    wrong = "v1=7020c8a7ec668a9b7012bc3dd82e483394b038f4230acc6785efbf2a7d8bcaf5"

    assert verified("pagerduty_webhook", {"x-pagerduty-signature": right}, secret=secret, body=body)
    assert verified("pagerduty_webhook", {"x-pagerduty-signature": f"{wrong},{right}"}, secret=secret, body=body)
    assert not verified("pagerduty_webhook", {"x-pagerduty-signature": wrong}, secret=secret, body=body)


def test_gitlab_may_sign_as_standard_webhooks_do_while_the_time_is_fresh():
    key = b"thirty-two bytes of signing key!"
    secret = "whsec_" + base64.b64encode(key).decode()
    at = str(int(NOON.timestamp()))
    signature = base64.b64encode(hmac.new(key, f"msg_1.{at}.".encode() + BODY, hashlib.sha256).digest()).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}
    late = str(int((NOON - timedelta(minutes=6)).timestamp()))

    assert verified("gitlab", headers, secret=secret)
    assert not verified("gitlab", headers, secret=secret, body=BODY + b" ")
    assert not verified("gitlab", headers | {"webhook-timestamp": late}, secret=secret)
