"""How the fields of payloads are found whose senders name them freely."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from opsknight.api.reading import first, flat, rest, titled, zoned_instant

MACRO = re.compile(r"\$[A-Z]+\$")


def test_a_field_is_found_however_its_name_is_written():
    assert flat({"HOST_NAME": "a", "serviceState": "b", "check": {"output": "c", "check_id": 4}}) == {
        "hostname": "a", "servicestate": "b", "check": {"output": "c", "check_id": 4}, "checkoutput": "c", "checkid": 4,
    }  # fmt: skip


def test_of_two_fields_of_one_name_the_first_that_is_not_blank_counts():
    assert flat({"host_name": "", "hostname": None, "HOSTNAME": "$HOST$", "hostName": "a"}, unrendered=MACRO) == {
        "hostname": "a"
    }


def test_the_rest_leaves_out_what_is_shown_elsewhere_and_what_holds_nothing():
    assert rest({"HostName": "a", "b": "", "c": [], "d": 0, "e": "$E$"}, {"hostname"}, unrendered=MACRO) == {"d": 0}


def test_a_zero_is_a_value_and_a_falsehood_is_none():
    assert first({"a": False, "b": "", "c": 0}, ("a", "b", "c")) == "0"


def test_a_title_that_shows_nothing_gives_way_to_the_next():
    assert titled("\x01 \n", " up\nand away ", otherwise="alert") == "up and away"
    assert titled("", otherwise="alert") == "alert"


@pytest.mark.parametrize(
    "written",
    [
        "Tue Nov 24 10:23:20 UTC 2026", "Tue Nov 24 11:23:20 CET 2026", "2026-11-24 02:23:20 PST",
        "2026-11-24 11:23:20 +0100", "2026/11/24 10:23:20 GMT", "2026-11-24T10:23:20Z", 1795515800,
    ],
)  # fmt: skip
def test_an_instant_with_a_zone_is_read(written: Any):
    assert zoned_instant(written) == datetime(2026, 11, 24, 10, 23, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        "Tue Nov 24 10:23:20 IST 2026",
        "24 Nov 2026 10:23:20 UTC",
        "2026-11-24 25:00:00 UTC",
        "Never",
        "a b c",
        "",
        None,
        [],
    ],
)
def test_what_is_no_instant_or_whose_zone_is_not_certain_is_none(written: Any):
    assert zoned_instant(written) is None
