from __future__ import annotations

import contextlib
import json
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsknight.api.parse import Parsed, parse, parse_form, scrub
from opsknight.domain.model.event import Malformed

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
).filter(lambda value: isinstance(value, dict) or (isinstance(value, list) and value))
FINITE = JSON.filter(lambda value: "Infinity" not in json.dumps(value))


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The body is empty."),
        (b" \n", "The body is empty."),
        (b"\xef\xbb\xbf", "The body is empty."),
        (b"null", "The body is JSON, but neither an object nor a list, so it holds no event."),
        (b'"text"', "The body is JSON, but neither an object nor a list, so it holds no event."),
        (b"[]", "The body is an empty list, so it holds no event."),
        ('{"a": 1}'.encode("utf-16"), "The body is UTF-16 or UTF-32; send JSON as UTF-8."),
        ('{"a": 1}'.encode("utf-16-be"), "The body is UTF-16 or UTF-32; send JSON as UTF-8."),
        ('{"a": 1}'.encode("utf-32-le"), "The body is UTF-16 or UTF-32; send JSON as UTF-8."),
        (b'{"title": "\xff"}', "The body is not valid UTF-8 at byte 12; send JSON as UTF-8."),
        (b'{"title": "\xed\xa0\x80"}', "The body is not valid UTF-8 at byte 12; send JSON as UTF-8."),
        (b'{"a": NaN}', "The body is not JSON: NaN is not a number that JSON can hold."),
        (b'{"a": -Infinity}', "The body is not JSON: -Infinity is not a number that JSON can hold."),
        (b'{"a": 1e999}', "The body is not JSON: 1e999 is not a number that JSON can hold."),
        (b'{"a": 1', "The body is not JSON: Expecting ',' delimiter at line 1, column 8."),
        (b'{"a": 1}\n{"a": 2}', "The body is not JSON: Extra data at line 2, column 1."),
        (b"title=Disk+full", "The body is text or a form, not JSON; set its sender to JSON."),
        ("Störung auf db-1".encode(), "The body is text or a form, not JSON; set its sender to JSON."),
        (b'\n<?xml version="1.0"?><build/>', "The body is XML or HTML, not JSON; set its sender to JSON."),
        (b"%d", "The body is not JSON: Expecting value at line 1, column 1."),
        (b"[" * 100_000, "The body nests lists and objects more than 200 deep."),
        (b"[" * 100_000 + b"]" * 100_000, "The body nests lists and objects more than 200 deep."),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "The body nests lists and objects more than 200 deep."),
    ],
    ids=lambda value: repr(value[:20]) if isinstance(value, bytes) else "",
)
def test_a_body_that_cannot_be_read_is_refused_in_a_sentence(body: bytes, sentence: str):
    with pytest.raises(Malformed) as refusal:
        parse(body)

    assert str(refusal.value) == sentence


def test_a_byte_order_mark_is_accepted():
    assert parse(b'\xef\xbb\xbf{"a": 1}') == Parsed({"a": 1}, duplicate_keys=False, may_exceed=False)


@pytest.mark.parametrize(
    ("body", "payload", "noticed"),
    [
        (b'{"a": 1, "a": 2}', {"a": 2}, True),
        (b'{"outer": {"a": 1, "b": 0, "a": [2]}}', {"outer": {"a": [2], "b": 0}}, True),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}], False),
        (b'{"text": "\\": a \\": b \\":"}', {"text": '": a ": b ":'}, False),
    ],
)
def test_of_duplicate_keys_the_last_counts_and_they_are_noticed(body: bytes, payload: object, noticed: bool):  # noqa: FBT001
    assert parse(body) == Parsed(payload, duplicate_keys=noticed, may_exceed=False)


@pytest.mark.parametrize(
    ("body", "payload"),
    [
        (b'{"title": "a\\u0000b", "label \\u0000": 1}', {"title": "a\ufffdb", "label \ufffd": 1}),
        (b'{"title": "a\0b"}', {"title": "a\ufffdb"}),
        (b'{"title": "a\\ud800b"}', {"title": "a\ufffdb"}),
        (b'{"title": "\\udc00\\ud83d", "x": "\\ud83d\\ude00"}', {"title": "\ufffd\ufffd", "x": "😀"}),
        (b'{"title": "\\\\u0000"}', {"title": "\\u0000"}),
        (b'{"title": "two\nlines\tand a tab"}', {"title": "two\nlines\tand a tab"}),
    ],
)
def test_a_text_that_no_database_takes_becomes_one_that_it_does(body: bytes, payload: object):
    assert parse(body).payload == payload


@pytest.mark.parametrize(
    ("number", "value"),
    [
        ("18446744073709551615", 2**64 - 1),
        ("-9223372036854775808", -(2**63)),
        ("18446744073709551616", "18446744073709551616"),
        ("-9223372036854775809", "-9223372036854775809"),
        ("9" * 33, "9" * 33),
        ("9" * 5000, "9" * 5000),
        ("0.1234567890123456789012345678901", 0.1234567890123456789012345678901),
        ("1234567890.12345678901234567890123", "1234567890.12345678901234567890123"),
        ("1e15", 1e15),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_a_long_number_keeps_every_digit(number: str, value: object):
    assert parse(f'{{"a": {number}, "b": [{number}]}}'.encode()).payload == {"a": value, "b": [value]}


@pytest.mark.parametrize(
    ("body", "may_exceed"),
    [
        ({"a": "x" * 60_000}, False),
        ({"a": "x" * 70_000}, True),
        ({str(number): 0 for number in range(1990)}, False),
        ({str(number): 0 for number in range(2001)}, True),
        ([[]] * 31, False),
        ([[]] * 32, True),
    ],
)
def test_only_a_body_that_may_hold_too_much_is_looked_at_event_by_event(body: object, may_exceed: bool):  # noqa: FBT001
    assert parse(orjson.dumps(body)).may_exceed is may_exceed


@pytest.mark.parametrize(
    "body",
    [
        b'"' * 1_000_000,
        b'"\\' * 500_000,
        b"[" * 1_000_000,
        b"[}" * 500_000,
        b"[]" * 500_000,
        b'{"a":"\\u0000' + b'\\"' * 500_000,
        b'{"a":1e999,"b":' + b"[[]," * 250_000,
        b"[" + b'"",' * 300_000 + b'""]',
    ],
    ids=lambda body: repr(body[:16]),
)
def test_no_body_of_a_megabyte_holds_the_loop_up(body: bytes):
    began = time.process_time()
    with contextlib.suppress(Malformed):
        parse(body)

    assert time.process_time() - began < 1.0


@given(FINITE)
def test_what_was_meant_is_what_is_read(value: object):
    meant = scrub(value)

    assert parse(json.dumps(value).encode()).payload == meant
    assert parse(json.dumps(value, ensure_ascii=False, indent=1).encode()).payload == meant


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\u0d8n1-e.', max_size=80).map(str.encode))
def test_any_bytes_are_read_or_refused_in_words(body: bytes):
    try:
        parsed = parse(body)
    except Malformed as refused:
        refusal = str(refused)
    else:
        refusal = ""
        orjson.dumps(parsed.payload, option=orjson.OPT_NON_STR_KEYS)

    assert refusal == "" or refusal.endswith(".")


def test_a_form_becomes_its_fields_as_texts():
    parsed = parse_form(b"title=Disk+91%25&host=a&host=b&empty=&odd=%00")

    assert parsed == Parsed({"title": "Disk 91%", "host": "b", "empty": "", "odd": "\ufffd"}, True, False)


@pytest.mark.parametrize("body", [b"", b"&&", b"a=%ff", b"\xff=1", b"&".join(b"a%d=1" % n for n in range(2001))])
def test_a_form_that_holds_no_event_is_refused_in_words(body: bytes):
    with pytest.raises(Malformed, match=r"^The form "):
        parse_form(body)
