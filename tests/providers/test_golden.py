from __future__ import annotations

import json
from pathlib import Path

import pytest

from opsknight.api.providers.table import PROVIDERS
from tests.providers.said import GOLDEN, beside, listed, normalised, payload_files, said_file

PAYLOADS = [path for slug in PROVIDERS for path in payload_files(slug)]
PAIRS = [(slug, began, ended) for slug in PROVIDERS for began, ended in listed(slug, "pairs")]


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_payload_becomes_exactly_the_events_written_beside_it(path: Path):
    became = said_file(path.parent.name, path)

    assert became == json.loads(path.with_suffix(".expected.json").read_bytes())


@pytest.mark.parametrize(("slug", "trigger", "recovery"), PAIRS)
def test_what_ends_a_condition_has_the_key_of_what_began_it(slug: str, trigger: str, recovery: str):
    [began, *_], [ended, *_] = (said_file(slug, GOLDEN / slug / f"{name}.json") for name in (trigger, recovery))

    assert began["dedup_key"] == ended["dedup_key"]


@pytest.mark.parametrize("slug", PROVIDERS)
def test_every_monitor_has_payloads_of_its_own(slug: str):
    assert len(payload_files(slug)) >= 2


@pytest.mark.parametrize("slug", [slug for slug in PROVIDERS if PROVIDERS[slug].sample])
def test_a_monitors_test_event_triggers(slug: str):
    [event] = normalised(slug, dict(PROVIDERS[slug].sample), headers=beside(GOLDEN / slug / "sample", "headers"))

    assert getattr(event, "action", event) == "trigger"
