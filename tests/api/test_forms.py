"""Forms as monitors send them, and JSON that calls itself one."""

from __future__ import annotations

import pytest

from opsknight.api.forms import ENCODED, is_form, read_form
from opsknight.api.parse import Parsed
from opsknight.domain.model.event import Malformed

PARTS = b'multipart/form-data; boundary="x y"'


def in_parts(*parts: bytes) -> bytes:
    """Return a form of these parts, their heads and values."""
    return b"".join(b"--x y\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x y--\r\n"


def test_a_form_in_parts_becomes_its_fields_without_its_files():
    body = in_parts(
        b'name="title"\r\n\r\nDisk 91 % \xe2\x80\x93 db-1',
        b'name="log"; filename="log.txt"\r\nContent-Type: text/plain\r\n\r\nline',
        b'name="host"\r\n\r\na',
        b'name="host"\r\n\r\nb\x00',
    )

    parsed = read_form(body, PARTS)

    assert parsed == Parsed({"title": "Disk 91 % – db-1", "host": "b\ufffd"}, True, False)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x y--\r\n",
        in_parts(b'name="a"\r\n\r\n\xff'),
        b"--other\r\n\r\n",
        in_parts(*(b'name="a%d"\r\n\r\n1' % number for number in range(2001))),
    ],
)
def test_a_form_in_parts_that_holds_no_event_is_refused_in_words(body: bytes):
    with pytest.raises(Malformed, match=r"^The form "):
        read_form(body, PARTS)


@pytest.mark.parametrize(
    "content_type", [b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=\xff"]
)
def test_a_form_without_its_boundary_is_refused_in_words(content_type: bytes):
    with pytest.raises(Malformed, match=r"^The form "):
        read_form(in_parts(b'name="a"\r\n\r\n1'), content_type)


@pytest.mark.parametrize("content_type", [ENCODED, PARTS])
def test_json_that_is_called_a_form_is_read_as_json(content_type: bytes):
    assert read_form(b'\n {"title": "a=b&c"}', content_type).payload == {"title": "a=b&c"}
    assert read_form(b'[{"title": "x"}]', content_type).payload == [{"title": "x"}]


def test_a_form_is_told_by_its_content_type():
    assert is_form(b"application/x-www-form-urlencoded; charset=UTF-8")
    assert is_form(b"Multipart/Form-Data; boundary=x")
    assert not is_form(b"application/json")
    assert not is_form(b"")
