"""The watchdog: when it pages, what it believes, and that it needs nothing but Python."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from hypothesis import given
from hypothesis import strategies as st

from opsknight import watchdog
from opsknight.readiness import KEEPING_FROM_DUTY
from opsknight.watchdog import AGAIN_AFTER_S, BLIND_AFTER_S, State, look, page, speak
from tests.faults.product import Product
from tests.marked import Marked, is_marked, words_left
from tests.peers.http_provider import HttpPeer, Said, http_peer_in_thread
from tests.peers.smtp import SmtpPeer, smtp_peer_in_thread

FILE = Path(watchdog.__file__)
DEAD = "it does not answer."


@pytest.fixture
def web() -> Iterator[HttpPeer]:
    with http_peer_in_thread() as peer:
        yield peer


@pytest.fixture
def smtp() -> Iterator[SmtpPeer]:
    with smtp_peer_in_thread() as peer:
        yield peer


def seen(looks: list[bool], *, every_s: float = 30.0) -> list[tuple[float, str]]:
    """What is paged when, by looks that are good (True) or not."""
    state, told = State(good_at=0.0), list[tuple[float, str]]()
    for number, is_good in enumerate(looks, 1):
        text = state.see("" if is_good else DEAD, number * every_s)
        if text is not None:
            told.append((number * every_s, text))
    return told


def test_a_hiccup_pages_nobody():
    assert seen([True, False, False, True, False, True]) == []


def test_what_stays_blind_is_paged_after_a_minute_and_a_half_and_again_every_ten_minutes():
    assert [at for at, _ in seen([False] * 45)] == [
        BLIND_AFTER_S,
        BLIND_AFTER_S + AGAIN_AFTER_S,
        BLIND_AFTER_S + 2 * AGAIN_AFTER_S,
    ]


def test_who_was_paged_is_told_when_it_is_over():
    told = [text for _, text in seen([False] * 4 + [True, True])]

    assert told == [
        "OpsKnight cannot page for 90 s now: it does not answer. Page people by other means, and see to it.",
        "OpsKnight pages again. It was blind for 2 min.",
    ]


@given(st.lists(st.booleans(), max_size=120))
def test_whatever_is_seen_nobody_is_told_of_an_end_without_a_beginning(looks: list[bool]):
    balance = 0
    for _, text in seen(looks):
        ended = text.startswith("OpsKnight pages again")
        assert not ended or balance > 0
        balance = 0 if ended else balance + 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(200, {"findings": {"database": {"state": "good"}, "engine": {"state": "good"}}}), ""),
        (
            Said(
                503,
                {"findings": {"database": {"state": "bad", "sentence": "It is gone."}, "engine": {"state": "good"}}},
            ),
            "It is gone.",
        ),
        (Said(503, {"findings": {"database": {"state": "good"}, "engine": {"state": "good"}}}), ""),
        (
            Said(
                503,
                {
                    "findings": {
                        "database": {"state": "good"},
                        "engine": {"state": "good"},
                        "restored": {"state": "bad", "sentence": "This is a restored copy."},
                    }
                },
            ),
            "This is a restored copy.",
        ),
        (
            Said(
                503,
                {
                    "findings": {
                        "database": {"state": "good"},
                        "engine": {"state": "good"},
                        "canaries": {"state": "bad", "sentence": "Pages wake nobody."},
                    }
                },
            ),
            "Pages wake nobody.",
        ),
        (Said(502, "bad gateway"), "it answers 502."),
        (Said(200, "<html>"), "what answers there is not OpsKnight."),
    ],
)
def test_what_it_believes_of_an_answer(web: HttpPeer, said: Said, why: str):
    web.answers.append(said)

    assert look(web.origin) == why


def test_it_believes_each_finding_that_keeps_the_outgoing_heartbeat_back():
    assert {*watchdog.KEEP_FROM_DUTY, *watchdog.LATELY} == set(KEEPING_FROM_DUTY)


def test_it_pages_by_every_way_that_is_set_and_one_that_fails_stops_no_other(web: HttpPeer, smtp: SmtpPeer):
    settings = {
        "SMTP_URL": smtp.url, "MAIL_TO": "ada@example.com", "NTFY": f"{web.origin}/ops", "WEBHOOK": "http://127.0.0.1:9/",
        "TWILIO": f"{web.origin.replace('://', '://AC1:secret@')}?from=+15005550006&to=+491701234567",
    }  # fmt: skip

    failed = page("OpsKnight cannot page.", settings)

    assert [line.partition(":")[0] for line in failed] == ["WEBHOOK"]
    assert smtp.mails[0].message["Subject"] == "OpsKnight cannot page."
    sms, ntfy = sorted(web.taken, key=lambda asked: asked.path)
    assert [sms.path, ntfy.path] == ["/2010-04-01/Accounts/AC1/Messages.json", "/ops"]
    assert sms.form == {"From": "+15005550006", "To": "+491701234567", "Body": "OpsKnight cannot page."}


REFUSED = {"findings": {"database": {"state": "bad", "sentence": "Gone."}, "engine": {"state": "good"}}}
OF_OTHERS = ("Gone", "Connection refused", "Errno")
"""What its pages quote of OpsKnight and of this machine."""


@pytest.mark.parametrize("said", [None, Said(502, ""), Said(200, "<html>"), Said(503, REFUSED)], ids=range(4))
def test_what_it_pages_is_said_in_its_language(web: HttpPeer, said: Said | None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watchdog, "_VOICE", [Marked()])
    web.answers += [said] if said else []
    state = State(good_at=0.0)

    told = [state.see(look(web.origin if said else "http://127.0.0.1:9"), 90.0), state.see("", 1000.0)]

    assert [words_left(text or "", *OF_OTHERS) for text in told] == [[], []]
    assert all(is_marked(text or "", *OF_OTHERS) for text in told)


PAGED = {
    "de": ("Ist OpsKnight blind? Größer", "Probe vom Wächter; alles ist gut.", False),
    "fr": ("OpsKnight is blind?", "Test page from OpsKnight's watchdog; nothing is wrong.", True),
}


def a_watchdog_that_speaks_german(place: Path) -> Path:
    """Copy it to `place`, with a catalogue beside it."""
    (alone := place / "watchdog.py").write_bytes(FILE.read_bytes())
    catalogue = Catalog("de")
    for english, german in zip(PAGED["fr"][:2], PAGED["de"][:2], strict=True):
        catalogue.add(english, german)
    catalogue.add("it does not answer ({error}).", "er schweigt, und das ist größer ({error}).")
    (folder := place / "locale" / "de" / "LC_MESSAGES").mkdir(parents=True)
    with (folder / "opsknight.mo").open("wb") as file:
        write_mo(file, catalogue)
    return alone


@pytest.mark.parametrize("language", PAGED)
def test_its_language_is_that_of_the_catalogue_beside_it_and_without_one_english(
    web: HttpPeer, tmp_path: Path, language: str
):
    alone = a_watchdog_that_speaks_german(tmp_path)
    said = {"URL": web.origin, "WEBHOOK": f"{web.origin}/hook", "NTFY": f"{web.origin}/ops", "LANGUAGE": language}
    environment = {"PATH": os.environ["PATH"], **{f"OPSKNIGHT_WATCHDOG_{name}": value for name, value in said.items()}}

    command = [sys.executable, "-I", "-S", str(alone), "--test"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    hook, ntfy = sorted(web.taken, key=lambda asked: asked.path)
    told = (str(make_header(decode_header(ntfy.headers["Title"]))), hook.json["text"], "in English" in done.stderr)
    assert (done.returncode, told) == (0, PAGED[language])


def test_what_cannot_be_printed_where_it_runs_is_paged_all_the_same(web: HttpPeer, tmp_path: Path):
    said = {"URL": "http://127.0.0.1:9", "WEBHOOK": f"{web.origin}/hook", "LANGUAGE": "de", "AFTER": "0"}
    environment = {"PATH": os.environ["PATH"], **{f"OPSKNIGHT_WATCHDOG_{name}": value for name, value in said.items()}}
    command = [sys.executable, str(a_watchdog_that_speaks_german(tmp_path)), "--every", "0.1"]
    with subprocess.Popen(
        command, env={**environment, "PYTHONIOENCODING": "ascii"}, stdout=subprocess.PIPE, text=True
    ) as dog:
        assert dog.stdout is not None
        printed = dog.stdout.readline()
        paged = web.wait_for(1)
        dog.terminate()

    assert "und das ist gr\\xf6\\xdfer" in printed
    assert "und das ist größer" in paged[0].json["text"]


@pytest.mark.parametrize("stored", [b"garbage", b"\xde\x12\x04\x95", b""], ids=["garbage", "cut off", "empty"])
def test_a_catalogue_that_is_broken_keeps_it_from_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: bytes
):
    monkeypatch.setattr(watchdog, "CATALOGUES", tmp_path)
    (place := tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (place / "opsknight.mo").write_bytes(stored)

    assert "pages in English" in speak("de")
    assert State(good_at=0.0).see(DEAD, 90.0) == (
        "OpsKnight cannot page for 90 s now: it does not answer. Page people by other means, and see to it."
    )


def test_it_runs_as_one_file_without_any_library():
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(FILE), "--help"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert "OPSKNIGHT_WATCHDOG_URL" in done.stdout


def test_without_a_way_to_page_it_does_not_pretend_to_watch():
    alone = {"PATH": os.environ["PATH"], "OPSKNIGHT_WATCHDOG_URL": "http://localhost:8080"}

    done = subprocess.run([sys.executable, "-I", str(FILE)], capture_output=True, text=True, check=False, env=alone)

    assert (done.returncode, "at least one way to page" in done.stderr) == (2, True)


def test_a_killed_opsknight_is_paged_by_its_watchdog_and_so_is_its_return(smtp: SmtpPeer):
    with smtp_peer_in_thread() as mail, Product(mail) as product:
        said = {"URL": product.base_url, "SMTP_URL": smtp.url, "MAIL_TO": "ada@example.com", "AFTER": "1"}
        environment = {**os.environ, **{f"OPSKNIGHT_WATCHDOG_{name}": value for name, value in said.items()}}
        dog = subprocess.Popen(
            [sys.executable, "-m", "opsknight", "watchdog", "--every", "0.2"],
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            product.kill()
            smtp.wait_for(1)
            product.start()
            smtp.wait_for(2)
        finally:
            dog.terminate()
            dog.wait(10)

    assert [mail.message["Subject"].split(":")[0].partition(" for ")[0] for mail in smtp.mails] == [
        "OpsKnight cannot page", "OpsKnight pages again. It was blind",
    ]  # fmt: skip


JSON_HEAD = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        JSON_HEAD % b"200 OK" + b'{"findings"',
        JSON_HEAD % b"503 Service Unavailable" + b'{"findings"',
        b"",
    ],
    ids=["garbage", "breaks off", "refuses and breaks off", "hangs up"],
)
def test_whatever_answers_there_is_no_reason_to_stop_watching(said: bytes):
    with door(said) as url:
        assert look(url).startswith(("it does not answer", "what answers there is not OpsKnight"))


@pytest.mark.parametrize("status", [b"200 OK", b"503 Service Unavailable"])
def test_an_answer_that_comes_a_letter_at_a_time_is_none(status: bytes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watchdog, "LOOK_S", 1.0)
    began = time.monotonic()

    with door(JSON_HEAD % status, drips=True) as url:
        assert look(url) == "it does not answer (not in time)."

    assert time.monotonic() - began < 5


def test_a_way_to_page_that_answers_garbage_keeps_none_of_the_others_from_paging():
    with door(b"SSH-2.0-OpenSSH_9.2\r\n") as broken:
        failed = page("blind", {"NTFY": broken, "WEBHOOK": broken})

    assert [line.partition(":")[0] for line in failed] == ["NTFY", "WEBHOOK"]


def test_a_mail_server_that_answers_a_letter_at_a_time_keeps_no_other_way_from_paging(
    web: HttpPeer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watchdog, "PAGE_S", 1.0, raising=False)
    with door(b"220-", drips=True, speaks_first=True) as mail:
        mail_url = mail.replace("http://", "smtp://")
        settings = {"SMTP_URL": mail_url, "MAIL_TO": "ada@example.com", "NTFY": f"{web.origin}/ops"}
        began = time.monotonic()
        failed = page("blind", settings)
        took_s = time.monotonic() - began

    assert [asked.path for asked in web.taken] == ["/ops"]
    assert failed == ["MAIL_TO: it did not take the page in time"]
    assert took_s < 5


@contextmanager
def door(said: bytes, *, drips: bool = False, speaks_first: bool = False) -> Iterator[str]:
    """Say `said` to whoever has asked, or calls, and then hang up, or go on a letter at a time."""
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                caller, _ = listening.accept()
            except OSError:
                return
            with caller, suppress(OSError):
                if not speaks_first:
                    caller.recv(65536)
                caller.sendall(said)
                while drips and not ended.wait(0.2):
                    caller.sendall(b" ")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        serving.join(5)
