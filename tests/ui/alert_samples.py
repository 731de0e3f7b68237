"""Incidents and their alerts for the gallery."""

from __future__ import annotations

from opsknight.ui.reading import Told
from tests.ui import samples


def told_of_one_alert() -> Told:
    """An incident that is its only alert, as most are."""
    told = samples.told()
    line = told.detail["incident"]
    told.detail["alerts"] = [samples.an_alert(title=line["title"], severity=line["severity"])]
    return told
