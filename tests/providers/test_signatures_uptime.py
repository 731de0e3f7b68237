"""What signs its webhooks is believed only with its signature: Checkly's HMAC and HetrixTools' token."""

from __future__ import annotations

import pytest

from opsknight.api.providers.provider import Request
from opsknight.api.providers.table import PROVIDERS
from tests.clock import NOON

SECRET = "a-secret"
BODY = b'{"alert_type":"ALERT_FAILURE"}'
SIGNATURE = "a31f3942c15fcf06a28ed9e4c020c6cdb8183c6dd888f422c0bc75806db4858d"
RIGHT = {
    "checkly": {"x-checkly-signature": SIGNATURE},
    "hetrixtools": {"authorization": "Bearer a-secret"},
}
WRONG = [
    ("checkly", {"x-checkly-signature": SIGNATURE.replace("a", "b")}),
    ("checkly", {"x-checkly-signature": ""}),
    ("checkly", {}),
    ("hetrixtools", {"authorization": "Bearer another"}),
    ("hetrixtools", {"authorization": ""}),
    ("hetrixtools", {}),
]


def is_believed(slug: str, headers: dict[str, str], *, body: bytes = BODY, secret: str = SECRET) -> bool:
    verify = PROVIDERS[slug].verify
    assert verify is not None
    return verify(Request(headers=headers, body=body, received_at=NOON), secret)


@pytest.mark.parametrize("slug", RIGHT)
def test_a_right_signature_is_believed(slug: str):
    assert is_believed(slug, RIGHT[slug])


@pytest.mark.parametrize("slug", RIGHT)
def test_a_signature_of_another_secret_is_not(slug: str):
    assert not is_believed(slug, RIGHT[slug], secret="another")


@pytest.mark.parametrize(("slug", "headers"), WRONG)
def test_a_wrong_or_missing_signature_is_not(slug: str, headers: dict[str, str]):
    assert not is_believed(slug, headers)


def test_a_signature_does_not_carry_over_to_a_changed_body():
    assert not is_believed("checkly", RIGHT["checkly"], body=BODY + b" ")
