from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.providers.said import GOLDEN, said

PAYLOADS = sorted(path for path in GOLDEN.glob("*/*.json") if not path.stem.endswith((".expected", ".mapping")))


@pytest.mark.parametrize("path", PAYLOADS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_payload_becomes_exactly_the_events_written_beside_it(path: Path):
    expected = json.loads(path.with_suffix(".expected.json").read_bytes())
    mapping = path.with_suffix(".mapping.json")

    became = said(
        path.parent.name, path.read_bytes(), mapping=json.loads(mapping.read_bytes()) if mapping.exists() else None
    )

    assert became == expected


@pytest.mark.parametrize(
    ("slug", "trigger", "recovery"),
    [
        ("alertmanager", "firing", "resolved"),
        ("alertmanager", "version_3", "same_labels_other_order"),
        ("datadog", "default_triggered", "default_recovered"),
        ("datadog", "default_of_a_group", "default_of_a_group_recovered"),
        ("datadog", "custom_triggered", "custom_recovered"),
        ("datadog", "custom_triggered", "no_data"),
        ("generic", "everything", "resolve"),
        ("generic", "only_a_message", "resolve_by_title"),
        ("pagerduty", "trigger", "resolve"),
        ("pagerduty", "trigger", "acknowledge"),
    ],
)
def test_what_ends_a_condition_has_the_key_of_what_began_it(slug: str, trigger: str, recovery: str):
    began, ended = (said(slug, (GOLDEN / slug / f"{name}.json").read_bytes())[0] for name in (trigger, recovery))

    assert began["dedup_key"] == ended["dedup_key"]
