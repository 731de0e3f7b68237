"""What is kept of a mail as it comes in: all of its text, nothing of its attachments, no more than is allowed."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.api.mail_in.slim import Slim
from opsknight.domain.model.mail import read_mail

TEXTS = st.text(alphabet="abä \n-=.", max_size=60)


def slimmed(raw: bytes, *, limit: int = 1_000_000) -> bytes:
    slim = Slim(limit)
    for line in raw.splitlines(keepends=True):
        slim.feed(line, begins=True)
    return slim.body()


def a_mail(text: str, *, html: str | None = None, attached: tuple[bytes, ...] = ()) -> bytes:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content(text)
    if html is not None:
        mail.add_alternative(html, subtype="html")
    for number, one in enumerate(attached):
        mail.add_attachment(one, maintype="application", subtype="octet-stream", filename=f"{number}.bin")
    return mail.as_bytes()


@given(TEXTS, st.none() | TEXTS)
def test_a_mail_without_attachments_is_kept_byte_for_byte(text: str, html: str | None):
    raw = a_mail(text, html=html)

    assert slimmed(raw) == raw


@given(st.binary(max_size=400))
def test_whatever_comes_is_kept_as_it_is_while_it_is_no_multipart(raw: bytes):
    raw = b"Subject: x\r\n\r\n" + raw

    assert slimmed(raw) == raw


@given(TEXTS, st.none() | TEXTS, st.lists(st.binary(min_size=1, max_size=2_000), min_size=1, max_size=3))
def test_text_and_names_are_read_as_before_and_what_is_attached_is_gone(
    text: str, html: str | None, files: list[bytes]
):
    raw = a_mail(text, html=html, attached=tuple(files))

    kept = slimmed(raw)

    before, after = read_mail(raw), read_mail(kept)
    assert (after.text, after.attachments) == (before.text, before.attachments)
    assert len(after.attachments) == len(files)
    assert kept.count(b"bytes were dropped by OpsKnight)") == len(files)


@given(st.binary(max_size=600), st.integers(0, 300))
def test_no_more_is_kept_than_is_allowed(raw: bytes, limit: int):
    assert len(slimmed(raw, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("kind", "kept"),
    [(b"text/plain", True), (b"TEXT/html; charset=x", True), (b"plain", True), (b"", True), (b"image/png", False)],
)
def test_a_mail_that_is_nothing_but_a_file_keeps_its_headers_only(kind: bytes, kept: bool):  # noqa: FBT001
    body = slimmed(b"Subject: x\r\nContent-Type: " + kind + b"\r\n\r\nbody\r\n")

    assert body.startswith(b"Subject: x\r\n")
    assert (b"\r\n\r\nbody" in body) is kept


def test_a_long_line_in_pieces_holds_no_boundary():
    slim = Slim(1_000)
    for line in (b"Content-Type: multipart/mixed; boundary=b\r\n", b"\r\n", b"--b\r\n", b"\r\n"):
        slim.feed(line, begins=True)
    slim.feed(b"x" * 10, begins=True)
    slim.feed(b"--b\r\n", begins=False)
    slim.feed(b"y\r\n", begins=True)

    assert slim.body().endswith(b"x--b\r\ny\r\n")
