"""Bytes as a monitor sent them become plain JSON values: fast for the many, patient with the few.

orjson reads the body. The standard library reads it again, slower, only where orjson refuses or
would round a long number. What comes out is safe to store: PostgreSQL takes every text in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn, TypeAlias
from urllib.parse import parse_qsl

import orjson

from opsknight.api.limits import MAX_DEPTH, MAX_KEYS, MAX_TEXT
from opsknight.domain.model.event import Malformed

Pairs: TypeAlias = list[tuple[str, Any]]

MAX_DIGITS: Final = 32
"""A number with more digits is kept as text, as is an integer beyond 64 bits, so that none is lost."""
MAX_NESTING: Final = 200
"""Deeper than this a body is not read at all; what one event may hold is far less (limits.py)."""

_BOM: Final = b"\xef\xbb\xbf"
_NUL: Final = b"\\u0000"
_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_LONG_RUN: Final = b"0" * 16
"""After _ZEROS, sixteen digits in a row: more than a float holds."""
_LONG_NUMBER: Final = re.compile(rb'(?<!["\d])\d{16}')
"""… and not the beginning of a text, which no rounding threatens."""
_TEXT: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKET: Final = bytes(sorted(set(range(256)) - set(b"[]{}")))
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Parsed(NamedTuple):
    """What a body says: `payload` is a list that is not empty, or a dict.

    `duplicate_keys` tells that an object named a key twice (the last one counts). `may_exceed` is
    False where no event of it can be beyond the limits of one event.
    """

    payload: Any
    duplicate_keys: bool
    may_exceed: bool


def parse(body: bytes) -> Parsed:
    """Return what `body` says, with every NUL and lone surrogate as U+FFFD.

    Raises:
        Malformed: it is not UTF-8, not JSON, has a number that is none, or holds nothing.
    """
    if body.startswith(_BOM):
        body = body[3:]
    if body.find(_NUL) < 0:
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            payload = _read_patiently(body)
    else:
        payload = _read_patiently(body)
    if payload.__class__ is not dict and payload.__class__ is not list:
        raise Malformed("The body is JSON, but neither an object nor a list, so it holds no event.")
    if not payload and payload.__class__ is list:
        raise Malformed("The body is an empty list, so it holds no event.")
    if _LONG_RUN in body.translate(_ZEROS) and _LONG_NUMBER.search(body) and _has_fractions(payload):
        payload = _read_patiently(body)
    return Parsed(payload, _names_twice(body, payload), may_exceed(body))


def parse_form(body: bytes) -> Parsed:
    """Return the fields of an HTML form as an object of texts, scrubbed as JSON is; of a name given twice the last.

    Raises:
        Malformed: it is not UTF-8, holds no field, or more than an event may.
    """
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_KEYS)
    except UnicodeDecodeError:
        raise Malformed("The form is not valid UTF-8.") from None
    except ValueError:
        raise Malformed(f"The form has more than {MAX_KEYS:,} fields.") from None
    payload = scrub(dict(fields))
    if not payload:
        raise Malformed("The form has no fields, so it holds no event.")
    return Parsed(payload, len(payload) < len(fields), len(body) > MAX_TEXT)


def may_exceed(body: bytes) -> bool:
    """Say whether what `body` says could be beyond the limits of one event; False is certain."""
    return len(body) > MAX_TEXT or body.count(b"{") + body.count(b"[") > MAX_DEPTH or body.count(b":") > MAX_KEYS


def scrub(value: Any) -> Any:
    """Return `value` with every NUL and lone surrogate in its texts and names as U+FFFD."""
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value.replace("\0", "\ufffd"))
    if isinstance(value, dict):
        return {scrub(name): scrub(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [scrub(inner) for inner in value]
    return value


def _has_fractions(payload: Any) -> bool:
    """Say whether `payload` holds one; orjson makes a fraction of every number that it cannot hold otherwise."""
    containers = [payload]
    for container in containers:  # grows while it is walked
        for value in container.values() if container.__class__ is dict else container:
            if value.__class__ is dict or value.__class__ is list:
                containers.append(value)
            elif value.__class__ is float:
                return True
    return False


def _names_twice(body: bytes, payload: Any) -> bool:
    """Say whether an object in `body` names a key twice: written again, it has fewer names.

    Counted in earnest only when `":` stands there more often than that; spaces before a colon do that, too.
    """
    again = orjson.dumps(payload)
    if body.count(b'":') <= again.count(b'":'):
        return False
    named = 0

    def count(pairs: Pairs) -> dict[str, Any]:
        nonlocal named
        named += len(pairs)
        return dict(pairs)

    try:
        once = _decoder(count).decode(body.decode())
    except (RecursionError, UnicodeDecodeError, ValueError):  # deeper than any event may be, or read patiently
        return False
    return named > _names(once)


def _names(payload: Any) -> int:
    """Return how many names the objects of `payload` have."""
    containers, names = [payload], 0
    for container in containers:  # grows while it is walked
        names += len(container) if container.__class__ is dict else 0
        values = container.values() if container.__class__ is dict else container
        containers += [value for value in values if value.__class__ is dict or value.__class__ is list]
    return names


def _read_patiently(body: bytes) -> Any:
    """Return what the standard library reads in `body`, control characters inside texts allowed."""
    text = _decoded(body)
    if _nests_deeper(body):
        raise Malformed(f"The body nests lists and objects more than {MAX_NESTING} deep.")
    try:
        payload = _PATIENT.decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(_no_json(text, error)) from error
    return scrub(payload) if "\0" in text or "\\u" in text else payload


def _no_json(text: str, error: json.JSONDecodeError) -> str:
    """Return what a body is that is none, as far as its first character tells."""
    begins = text.lstrip()[:1]
    if begins == "<":
        return "The body is XML or HTML, not JSON; set its sender to JSON."
    if begins.isalpha() and text[: error.pos].strip() == "":
        return "The body is text or a form, not JSON; set its sender to JSON."
    return f"The body is not JSON: {error.msg.removesuffix(' at')} at line {error.lineno}, column {error.colno}."


def _decoded(body: bytes) -> str:
    if not body.strip():
        raise Malformed("The body is empty.")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in body[:4]:
        raise Malformed("The body is UTF-16 or UTF-32; send JSON as UTF-8.")
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not valid UTF-8 at byte {error.start + 1}; send JSON as UTF-8.") from error


def _nests_deeper(body: bytes) -> bool:
    """Say whether reading `body` could recurse more than MAX_NESTING deep; costs time linear in its length.

    Innermost pairs are taken away until none is left; each round takes away at least one level.
    """
    if body.count(b"[") + body.count(b"{") <= MAX_NESTING:
        return False
    brackets = _TEXT.sub(b"", body).translate(None, _NO_BRACKET)
    for _ in range(MAX_NESTING // 2):
        fewer = brackets.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(brackets):
            return brackets.count(b"[") + brackets.count(b"{") > MAX_NESTING
        brackets = fewer
    return bool(brackets)


def _decoder(pairs: Callable[[Pairs], Any] | None = None) -> json.JSONDecoder:
    return json.JSONDecoder(
        strict=False,
        object_pairs_hook=pairs,
        parse_int=_integer,
        parse_float=_fraction,
        parse_constant=_no_number,
    )


def _integer(digits: str) -> int | str:
    """Return the number, or its text where 64 bits do not hold it: what stores and shows it would round it."""
    if len(digits) > MAX_DIGITS:
        return digits
    number = int(digits)
    return number if -(2**63) <= number < 2**64 else digits


def _fraction(digits: str) -> float | str:
    """Return the number, or its text where it has more digits than are kept."""
    if len(digits) > MAX_DIGITS and sum(map(str.isdigit, digits)) > MAX_DIGITS:
        return digits
    number = float(digits)
    return number if abs(number) != float("inf") else _no_number(digits)


def _no_number(word: str) -> NoReturn:
    raise Malformed(f"The body is not JSON: {word[:40]} is not a number that JSON can hold.")


_PATIENT: Final = _decoder()
