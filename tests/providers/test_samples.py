"""Payloads as the monitors' own documents and other people's tests have them, where they are at hand."""

from __future__ import annotations

from typing import Any

import pytest

from opsknight.api.providers.table import PROVIDERS
from tests.providers.said import SAMPLES, listed, said, sample_folders

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the collected samples are not here")

EXPECTED = [(slug, place, wanted) for slug in PROVIDERS for place, wanted in listed(slug, "samples").items()]


@pytest.mark.parametrize(("slug", "place", "wanted"), EXPECTED, ids=[f"{slug}: {place}" for slug, place, _ in EXPECTED])
def test_a_sample_says_what_its_source_says_it_means(slug: str, place: str, wanted: Any):
    headers = {}
    if isinstance(wanted, dict) and "headers" in wanted:
        headers, wanted = wanted["headers"], wanted["events"]

    became = said(slug, (SAMPLES / f"{place}.json").read_bytes(), headers=headers)

    if isinstance(wanted, dict):
        assert became | wanted == became
        return
    assert isinstance(became, list), became
    assert [{field: one.get(field) for field in few} for one, few in zip(became, wanted, strict=True)] == wanted


def test_a_sample_time_that_is_no_time_is_left_out():
    [event] = said("generic", (SAMPLES / "webhook/wazuh.json").read_bytes())

    assert "occurred_at" not in event


@pytest.mark.parametrize("slug", PROVIDERS)
def test_every_sample_of_a_monitor_is_tried(slug: str):
    here = {f"{name}/{path.stem}" for name in sample_folders(slug) for path in (SAMPLES / name).glob("*.json")}

    assert here - listed(slug, "samples").keys() == set()
