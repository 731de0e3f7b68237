"""Raw mails, as golden payloads are: NAME.eml in the folder of the e-mail adapter, with what each becomes beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsknight.api.bodies import Headers
from opsknight.api.providers.email import PROVIDER
from opsknight.api.taking import read
from opsknight.domain.model.event import Event, Malformed, NotMeant
from tests.providers.said import GOLDEN, a_context, plain

MAILS = sorted((GOLDEN / "email").glob("*.eml"))


def became(path: Path) -> object:
    """Return what a raw mail becomes, or why it is refused."""
    parsed = read(PROVIDER, Headers([(b"content-type", b"message/rfc822")]), path.read_bytes())
    try:
        return [plain(one) for one in PROVIDER.normalise(parsed.payload, a_context())]
    except Malformed as refused:
        return {"refused": str(refused)} | ({"unsaid": True} if isinstance(refused, NotMeant) else {})


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_a_mail_becomes_exactly_what_is_written_beside_it(path: Path):
    assert became(path) == json.loads(path.with_suffix(".expected.json").read_bytes())


def test_the_recovery_of_nagios_has_the_key_of_its_problem():
    [problem], [recovery] = (became(GOLDEN / "email" / f"nagios_{name}.eml") for name in ("problem", "recovery"))  # type: ignore[misc]

    assert problem["dedup_key"] == recovery["dedup_key"]  # type: ignore[index]
    assert (problem["action"], recovery["action"]) == ("trigger", "resolve")  # type: ignore[index]


def test_the_key_of_the_integration_which_stands_in_the_recipient_is_in_no_event():
    [event] = PROVIDER.normalise(PROVIDER.mail((GOLDEN / "email/nagios_problem.eml").read_bytes()), a_context())  # type: ignore[misc]

    assert isinstance(event, Event)
    assert "9f8e7d6c" not in repr(event)
