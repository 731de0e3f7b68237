"""Matrix: an event in a room that is known by its address."""

from __future__ import annotations

from dataclasses import replace

from opsknight.jobs.channels.channel import Address
from tests.jobs.cases import matrix

CASE = replace(
    matrix.CASE, address=lambda _origin: Address(matrix.ALIAS), hands_over=lambda asked: asked.method == "PUT"
)
