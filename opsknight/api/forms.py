"""Bodies that are said to be HTML forms: their fields, and the JSON that some of them are in truth.

Sources: https://url.spec.whatwg.org/#application/x-www-form-urlencoded and RFC 7578 (multipart/form-data).
"""

from __future__ import annotations

from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, FormParser, parse_options_header

from opsknight.api.bodies import Headers
from opsknight.api.limits import MAX_KEYS, MAX_TEXT
from opsknight.api.parse import Parsed, parse, parse_form, scrub
from opsknight.domain.model.event import Malformed

ENCODED: Final = b"application/x-www-form-urlencoded"
PARTS: Final = b"multipart/form-data"
_JSON: Final = (b"{", b"[")


def is_form(content_type: bytes) -> bool:
    """Say whether a content type is that of an HTML form."""
    return content_type[:40].lower().startswith((ENCODED, PARTS))


def as_form(headers: Headers) -> Headers:
    """Return the headers of a request whose fields stand in its address, as if they had come as a form."""
    return Headers({**headers.raw, b"content-type": ENCODED}.items())


def read_form(body: bytes, content_type: bytes) -> Parsed:
    """Return the fields of a form; where its body is JSON, what that says.

    curl calls every body a form that is not told otherwise, and no form begins with a bracket.

    Raises:
        Malformed: it holds no field, more than an event may, or is not in UTF-8; or it is broken JSON.
    """
    if body.lstrip()[:1] in _JSON:
        return parse(body)
    return _read_parts(body, content_type) if content_type[:40].lower().startswith(PARTS) else parse_form(body)


def _read_parts(body: bytes, content_type: bytes) -> Parsed:
    """Return the fields of a form in parts; files in it are left out, and of a name given twice the last counts."""
    fields: list[tuple[str, str]] = []

    def keep(field: Field) -> None:
        if len(fields) == MAX_KEYS:
            raise Malformed(f"The form has more than {MAX_KEYS:,} fields.")
        fields.append(((field.field_name or b"").decode(), (field.value or b"").decode()))

    _, options = parse_options_header(content_type.decode("latin-1"))
    try:
        form = FormParser(PARTS.decode(), keep, None, boundary=options.get(b"boundary"))
        form.write(body)
        form.finalize()
    except UnicodeDecodeError:
        raise Malformed("The form is not valid UTF-8.") from None
    except FormParserError:
        raise Malformed("The form cannot be taken apart; send it with its boundary, or send JSON.") from None
    payload = scrub(dict(fields))
    if not payload:
        raise Malformed("The form has no fields, so it holds no event.")
    return Parsed(payload, len(payload) < len(fields), len(body) > MAX_TEXT)
