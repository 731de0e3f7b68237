"""What Amazon SNS signed, and what only looks like it; and which addresses are SNS's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from opsknight.api.providers.provider import Request
from opsknight.api.providers.table import PROVIDERS
from opsknight.api.sns import Unknown, confirmation, is_of_sns
from tests.clock import NOON
from tests.peers.sns import CERTIFICATE_URL, CONFIRM_URL, HOST, TOPIC, Signer

SNS, OTHER = Signer(), Signer()
KNOWN = {CERTIFICATE_URL: SNS.pem}


def is_believed(
    said: Mapping[str, Any], *, secret: str = TOPIC, certificates: Mapping[str, bytes] = KNOWN, **headers: str
) -> bool:
    verify = PROVIDERS["cloudwatch"].verify
    assert verify is not None
    named = {"x-amz-sns-message-id": str(said.get("MessageId")), **headers}
    named = {name.replace("_", "-"): value for name, value in named.items()}
    body = json.dumps(said).encode()
    return verify(Request(headers=named, body=body, received_at=NOON, certificates=certificates), secret)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("subject", ["ALARM: disk", None])
def test_a_notification_is_believed_by_either_version_of_the_signature(version: str, subject: str | None):
    assert is_believed(SNS.message(version=version, Subject=subject))


@pytest.mark.parametrize("kind", ["SubscriptionConfirmation", "UnsubscribeConfirmation"])
def test_a_confirmation_is_believed(kind: str):
    assert is_believed(SNS.confirmation(Type=kind))


@pytest.mark.parametrize(
    "changes",
    [
        {"Message": "{}"},
        {"Subject": "OK: disk"},
        {"MessageId": "e288882d-4281-5be4-8fde-dccc11c8cb02"},
        {"Timestamp": (NOON - timedelta(minutes=1)).isoformat()},
        {"TopicArn": f"{TOPIC}-2"},
        {"Type": "SubscriptionConfirmation"},
        {"Type": "notification"},
        {"Signature": "AAAA"},
        {"Signature": "no base64!"},
        {"Signature": None},
        {"SignatureVersion": "1"},
        {"SignatureVersion": "3"},
        {"SignatureVersion": None},
        {"Message": {"AlarmName": "disk"}},
        {"Message": "half of \ud83d"},
    ],
)
def test_whatever_was_changed_after_signing_is_refused(changes: dict[str, Any]):
    assert not is_believed({**SNS.message(), **changes})


@pytest.mark.parametrize("field", ["AlarmName", "Records", "Sns", "detail-type", "eventArn", "Token"])
def test_nothing_may_stand_beside_what_is_signed_that_would_be_read_as_an_alarm(field: str):
    assert not is_believed({**SNS.message(), field: "forged"})


def test_a_subject_that_was_added_or_taken_away_is_refused():
    assert not is_believed({**SNS.message(Subject=None), "Subject": "OK"})
    assert not is_believed({name: said for name, said in SNS.message().items() if name != "Subject"})


def test_a_message_of_another_topic_is_refused_though_sns_signed_it():
    assert not is_believed(SNS.message(TopicArn="arn:aws:sns:eu-west-1:210987654321:alarms"))


def test_another_key_than_the_certificates_is_refused():
    assert not is_believed(OTHER.message())


@pytest.mark.parametrize(("age", "right"), [(timedelta(minutes=64), True), (timedelta(minutes=66), False),
                                            (timedelta(minutes=-4), True), (timedelta(minutes=-6), False)])  # fmt: skip
def test_a_message_may_be_as_old_as_sns_tries_again(age: timedelta, *, right: bool):
    assert is_believed(SNS.message(Timestamp=(NOON - age).isoformat())) is right


def test_a_certificate_that_has_ended_proves_nothing():
    ended = Signer(ends_at=NOON - timedelta(minutes=1))

    assert not is_believed(ended.message(), certificates={CERTIFICATE_URL: ended.pem})


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_proves_nothing(pem: bytes):
    assert not is_believed(SNS.message(), certificates={CERTIFICATE_URL: pem})


def test_the_message_id_by_which_a_repeat_is_known_must_be_the_signed_one():
    assert not is_believed(SNS.message(), x_amz_sns_message_id="made-up")


def test_a_certificate_that_is_not_here_yet_is_asked_for():
    with pytest.raises(Unknown) as unknown:
        is_believed(SNS.message(), certificates={})

    assert unknown.value.url == CERTIFICATE_URL


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b"{", b"{}", b'{"Type": ["Notification"]}'])
def test_what_is_no_message_at_all_is_refused(body: bytes):
    verify = PROVIDERS["cloudwatch"].verify
    assert verify is not None

    assert not verify(Request(headers={}, body=body, received_at=NOON, certificates=KNOWN), TOPIC)


def test_an_api_destination_of_eventbridge_carries_its_key():
    event = {"detail-type": "GuardDuty Finding", "detail": {"title": "x"}}

    assert is_believed(event, secret="s3cret", x_api_key="s3cret")
    assert not is_believed(event, secret="s3cret", x_api_key="guessed")
    assert not is_believed(event, secret=TOPIC, x_api_key=TOPIC)


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL,
        CONFIRM_URL,
        "https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-1.pem",
        "https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-1.pem",
    ],
)
def test_addresses_of_sns_are_known(url: str):
    assert is_of_sns(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"http://{HOST}/x.pem",
        f"https://{HOST}",
        f"https://{HOST}:8443/x.pem",
        f"https://{HOST}.example.org/x.pem",
        f"https://{HOST}@example.org/x.pem",
        f"https://example.org@{HOST}/x.pem",
        f"https://{HOST}\\@example.org/x.pem",
        f"https://example.org/{HOST}/x.pem",
        f"https://example.org#{HOST}/x.pem",
        f"https://{HOST}/x.pem#y",
        f" https://{HOST}/x.pem",
        f"https://{HOST}/x.pem\n",
        f"https://{HOST}/\nx.pem",
        f"https://{HOST}./x.pem",
        f"HTTPS://{HOST}/x.pem",
        "https://sns.eu_west.amazonaws.com/x.pem",
        "https://sns..amazonaws.com/x.pem",
        "https://sns.amazonaws.com/x.pem",
        "https://sns.a.b.amazonaws.com/x.pem",
        "https://sqs.eu-west-1.amazonaws.com/x.pem",
        "https://snsxeu-west-1.amazonaws.com/x.pem",
        "https://sns.eu-west-1.amazonaws.com.co/x.pem",
        "https://sns.eu-west-1.amazonaws.com.cn.example.org/x.pem",
        "https://sns.eu-wes\u0442-1.amazonaws.com/x.pem",
        "https://127.0.0.1/x.pem",
        f"https://{HOST}/{'a' * 2048}",
    ],
)
def test_no_other_address_is_taken_for_one_of_sns(url: str):
    said = SNS.message()

    assert not is_of_sns(url)
    assert not is_believed({**said, "SigningCertURL": url}, certificates={url: SNS.pem})
    assert confirmation(SNS.confirmation(SubscribeURL=url)) is None


@pytest.mark.parametrize(
    "url", [CONFIRM_URL, f"https://{HOST}/SimpleNotificationService-1.pem?x=1", f"https://{HOST}/"]
)
def test_only_a_pem_is_taken_for_a_certificate(url: str):
    assert not is_believed({**SNS.message(), "SigningCertURL": url}, certificates={url: SNS.pem})


def test_only_a_request_to_confirm_is_confirmed_and_only_by_its_action():
    assert confirmation(SNS.confirmation()) == CONFIRM_URL
    assert confirmation(SNS.message()) is None
    assert confirmation(SNS.confirmation(Type="UnsubscribeConfirmation")) is None
    assert confirmation(SNS.confirmation(SubscribeURL=CONFIRM_URL.replace("Confirm", "Delete"))) is None
    assert confirmation([]) is None
    assert confirmation({"Type": "SubscriptionConfirmation"}) is None
