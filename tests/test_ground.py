"""The ground: time, ids, tokens, settings, log lines."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from opsknight import logs, settings
from opsknight.clock import Clock
from opsknight.crypto import BadToken, new_id, new_token, new_vapid, sign, verify
from opsknight.jobs.channels.table import settings_table
from opsknight.settings import Settings

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECRET = b"a secret of thirty-two bytes ..."
ROOT = Path(__file__).resolve().parents[1]


def a_clock_at(instant: datetime, **more: object) -> Clock:
    clock = Clock(**more)  # type: ignore[arg-type]
    clock.sample(instant, clock.monotonic())
    return clock


def some_settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]


# time


def test_the_clock_takes_the_databases_time_however_wrong_the_machine_is():
    clock = a_clock_at(NOON + timedelta(days=3650))

    assert abs(clock.now() - (NOON + timedelta(days=3650))) < timedelta(seconds=1)


def test_a_machine_whose_zones_are_wrong_or_old_changes_no_time(tmp_path: Path):
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(files("tzdata").joinpath("zoneinfo", "UTC").read_bytes())
    imports = "from datetime import UTC, datetime; from zoneinfo import ZoneInfo"
    shows = "print(datetime(2026, 7, 1, tzinfo=UTC).astimezone(ZoneInfo('Europe/Berlin')).hour)"

    def hour(first: str) -> str:
        told = [sys.executable, "-c", f"{imports}; {first}; {shows}"]
        machine = {**os.environ, "PYTHONTZPATH": str(tmp_path)}
        return subprocess.run(told, env=machine, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    assert (hour("pass"), hour("import opsknight")) == ("0", "2")


@pytest.mark.parametrize(
    ("zone", "hours"), [("America/Vancouver", -7), ("America/Winnipeg", -5), ("Africa/Casablanca", 0)]
)
def test_clocks_that_are_not_changed_any_more_stay_as_they_are(zone: str, hours: int):
    winter = datetime(2027, 1, 15, 12, tzinfo=UTC)

    assert winter.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(hours=hours)


def test_time_is_carried_by_the_monotonic_clock_between_samples():
    clock = Clock()
    clock.sample(NOON, clock.monotonic() - 90)

    assert abs(clock.now() - NOON - timedelta(seconds=90)) < timedelta(seconds=1)


def test_a_small_difference_is_corrected():
    clock = a_clock_at(NOON)

    clock.sample(NOON + timedelta(seconds=2), clock.monotonic())

    assert clock.jump is None
    assert abs(clock.now() - NOON - timedelta(seconds=2)) < timedelta(seconds=1)


@pytest.mark.parametrize("hours", [1, -1, 24 * 3652])
def test_a_jump_of_the_databases_clock_is_told_once_and_not_followed(hours: int):
    told: list[timedelta] = []
    clock = a_clock_at(NOON, on_jump=told.append)

    for _ in range(3):
        clock.sample(NOON + timedelta(hours=hours), clock.monotonic())

    assert [round(jump / timedelta(hours=1)) for jump in told] == [hours]
    assert clock.jump is not None
    assert abs(clock.now() - NOON) < timedelta(seconds=1)


def test_a_jump_is_over_when_the_database_agrees_again():
    clock = a_clock_at(NOON)
    clock.sample(NOON + timedelta(hours=1), clock.monotonic())

    clock.sample(NOON, clock.monotonic())

    assert clock.jump is None


def test_the_offset_of_tests_moves_now_and_not_the_monotonic_clock():
    clock = a_clock_at(NOON)
    before = clock.monotonic()

    clock.offset += timedelta(minutes=30)

    assert abs(clock.now() - NOON - timedelta(minutes=30)) < timedelta(minutes=1)
    assert clock.monotonic() - before < 60


# ids and tokens


def test_ids_rise_and_are_uuids_of_version_7():
    ids = [new_id() for _ in range(20_000)]

    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}
    assert {one.variant for one in ids} == {ids[0].variant} == {"specified in RFC 4122"}


def test_ids_of_several_threads_differ():
    with ThreadPoolExecutor(4) as threads:
        ids = list(threads.map(lambda _: new_id(), range(20_000)))

    assert len(set(ids)) == 20_000


@given(st.dictionaries(st.text(max_size=20), st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.booleans()))
def test_a_signed_token_gives_back_its_claims(claims: dict[str, object]):
    claims.pop("exp", None)

    assert verify(SECRET, sign(SECRET, claims), now=NOON) == claims


@given(st.integers(0, 200), st.characters(codec="ascii"))
def test_a_token_that_was_changed_is_no_token(place: int, letter: str):
    token = sign(SECRET, {"user": 3, "incident": "x"})
    changed = token[: place % len(token)] + letter + token[place % len(token) + 1 :]

    try:
        claims = verify(SECRET, changed, now=NOON)
    except BadToken:
        return
    assert claims == {"user": 3, "incident": "x"}  # only the unused bits of the last letter may differ


@pytest.mark.parametrize("junk", ["", ".", "a.b", "ü.ü", "\ud800.x", "x" * 10_000])
def test_junk_is_refused_in_words(junk: str):
    with pytest.raises(BadToken) as refusal:
        verify(SECRET, junk, now=NOON)

    assert str(refusal.value) == "This link is not valid. It may have been cut off when it was copied."


def test_a_token_ends_at_its_time():
    token = sign(SECRET, {"exp": NOON.timestamp()})

    assert verify(SECRET, token, now=NOON - timedelta(seconds=1))
    with pytest.raises(BadToken, match="no longer valid"):
        verify(SECRET, token, now=NOON)


def test_a_token_for_one_purpose_is_none_for_another():
    token = sign(SECRET, {"user": 3}, purpose="ack")

    with pytest.raises(BadToken):
        verify(SECRET, token, now=NOON, purpose="receipt")


def test_a_push_key_pair_is_what_browsers_want():
    private, public = new_vapid()

    assert private.startswith("-----BEGIN PRIVATE KEY-----")
    assert len(public) == 87
    assert public.startswith("B")  # the first byte, 4, marks an uncompressed point


def test_random_tokens_fit_into_addresses():
    assert len({new_token() for _ in range(100)}) == 100
    assert new_token().replace("-", "").replace("_", "").isalnum()


# settings


def test_the_table_of_settings_in_the_docs_is_the_one_of_the_code():
    page = (ROOT / "docs/settings.md").read_text("utf-8")

    assert settings.table() + settings_table() in page, "write it anew: python -m opsknight settings"


@pytest.mark.parametrize(
    ("said", "place"),
    [("0.0.0.0:2525", ("0.0.0.0", 2525)), ("[::]:25", ("::", 25)), ("mx.example.org:0", ("mx.example.org", 0))],
)
def test_mail_is_taken_where_the_setting_says(said: str, place: tuple[str, int]):
    assert some_settings(mail_in=said).mail_in_place == place


@pytest.mark.parametrize("said", ["2525", "host:", ":25", "host:port", "host:70000"])
def test_a_place_to_take_mail_that_is_none_is_refused(said: str):
    with pytest.raises(ValueError, match=r"must be like 0.0.0.0:2525"):
        some_settings(mail_in=said)


@pytest.mark.parametrize(
    "said",
    ["", "OpsKnight", "OpsKnight <>", "störung@example.com", "pager@", "pager@a..b", "a@b.example\nBcc: c@d.example"],
)
def test_a_sender_from_whom_no_mail_can_be_written_is_refused(said: str):
    with pytest.raises(ValueError, match="must be one address with or without a name"):
        some_settings(mail_from=said)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("pager@example.com", "pager@example.com"),
        ("Störung <pager@example.com>", "Störung <pager@example.com>"),
        ("müller.de <pager@müller.de>", "müller.de <pager@xn--mller-kva.de>"),
        ("pager@bücher.example", "pager@xn--bcher-kva.example"),
    ],
)
def test_the_domain_of_the_sender_is_kept_as_mail_servers_write_it(said: str, kept: str):
    assert some_settings(mail_from=said).mail_from == kept


def test_on_this_machine_plain_http_is_fine_and_the_cookie_is_prefixed():
    known = some_settings()

    assert known.address == "http://localhost:8080"
    assert known.session_cookie == "__Host-opsknight"


@pytest.mark.parametrize(
    "values", [{"base_url": "http://ops.example.com"}, {"host": "0.0.0.0"}, {"host": "10.1.2.3", "port": 80}]
)
def test_plain_http_for_others_must_be_asked_for(values: dict[str, object]):
    with pytest.raises(ValidationError, match="OPSKNIGHT_INSECURE_HTTP=1"):
        some_settings(**values)

    assert some_settings(**values, insecure_http=True).in_the_clear


def test_a_cookie_over_plain_http_has_no_prefix():
    assert some_settings(base_url="http://ops.lan", insecure_http=True).session_cookie == "opsknight"


def test_behind_a_proxy_with_https_it_may_listen_anywhere():
    assert not some_settings(host="0.0.0.0", base_url="https://ops.example.com").in_the_clear


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("OPSKNIGHT_PORT", "many", "OPSKNIGHT_PORT: "),
        ("OPSKNIGHT_BASE_URL", "ops.example.com", "OPSKNIGHT_BASE_URL: must be like https://"),
        ("OPSKNIGHT_TLS_CERT", "/cert.pem", "OPSKNIGHT_TLS_CERT and OPSKNIGHT_TLS_KEY go together"),
        ("OPSKNIGHT_LOG_LEVEL", "loud", "OPSKNIGHT_LOG_LEVEL: must be debug"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(
    variable: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(variable, value)

    with pytest.raises(settings.BadSettings) as refusal:
        settings.load()

    assert sentence in str(refusal.value)


# log lines


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("GET /sign-in/3hD-x_9?next=/", "GET /sign-in/…?next=/"),
        ("POST /ack/abc.def", "POST /ack/…"),
        ("POST /api/v1/events/R0-ABC 202", "POST /api/v1/events/… 202"),
        ("cannot reach postgresql://app:geheim@db/ok", "cannot reach postgresql://app:…@db/ok"),
        ("smtp+starttls://me:p%40ss@mail:587 refused", "smtp+starttls://me:…@mail:587 refused"),
        ("GET /incidents/12", "GET /incidents/12"),
    ],
)
def test_addresses_are_logged_without_their_secrets(written: str, read: str):
    assert logs.hide(written) == read


def test_a_line_says_which_request_it_belongs_to_and_hides_named_secrets(capsys: pytest.CaptureFixture[str]):
    before = logging.root.handlers[:], logging.root.level
    logs.configure("json")
    try:
        with logs.request("r-1"):
            structlog.get_logger("test").warning("mail was refused", password="geheim", tries=2)
            logging.getLogger("other").error("no %s", "luck")
    finally:
        logging.root.handlers[:], logging.root.level = before
        structlog.reset_defaults()

    ours, others = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert (ours["event"], ours["password"], ours["tries"], ours["request_id"]) == ("mail was refused", "…", 2, "r-1")
    assert (others["event"], others["level"], others["request_id"]) == ("no luck", "error", "r-1")


def test_the_greeting_says_where_it_is_how_to_get_in_and_how_to_fire_an_alert():
    text = logs.greeting("http://localhost:8080", "http://localhost:8080/sign-in/T", "KEY", mail=False)

    assert "http://localhost:8080/sign-in/T" in text
    assert "curl -X POST http://localhost:8080/api/v1/events/KEY" in text
    assert "Nobody is reached by mail: OPSKNIGHT_SMTP_URL is not set." in text
