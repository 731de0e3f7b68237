"""Patience with real browsers: it is no bound, so a busy machine may take long."""

from __future__ import annotations

from playwright.async_api import expect

from tests.bounds import PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)
