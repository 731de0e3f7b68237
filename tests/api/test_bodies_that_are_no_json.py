"""Bodies in another format than JSON: refused in words that say what to set, and kept to the byte."""

from __future__ import annotations

import pytest

from opsknight.domain.store.engine import Database
from tests.api.doors import a_sender
from tests.builders import an_integration

XML = b'<?xml version="1.0"?><build><name>shop</name><result>FAILURE</result></build>'


@pytest.mark.parametrize(
    ("provider", "kind", "body", "sentence"),
    [
        ("jenkins", "text/xml", XML, "The body is XML or HTML, not JSON; set its sender to JSON."),
        ("rollbar", "text/plain", b"#12 NameError", "The body is not JSON: Expecting value at line 1, column 1."),
        ("rollbar", "text/plain", b"NameError", "The body is text or a form, not JSON; set its sender to JSON."),
        ("sentry", "text/html", b" <p>x</p>", "The body is XML or HTML, not JSON; set its sender to JSON."),
        ("grafana", "text/plain", b"St\xf6rung", "The body is not valid UTF-8 at byte 3; send JSON as UTF-8."),
    ],
)  # fmt: skip
async def test_it_is_refused_in_a_sentence_and_kept(
    database: Database, provider: str, kind: str, body: bytes, sentence: str
):
    key = (await an_integration(database, provider=provider)).key
    async with a_sender(database) as sender:
        answer = await sender.client.post(f"/api/v1/events/{key}", content=body, headers={"content-type": kind})

        assert (answer.status_code, answer.json()["detail"]) == (400, sentence)
        assert await sender.rows("SELECT status, reason, body, content_type FROM deliveries") == [
            ("rejected", sentence, body, kind)
        ]
