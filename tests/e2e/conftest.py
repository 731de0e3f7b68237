"""Patience with real browsers: it is no bound, so a busy machine may take long."""

from __future__ import annotations

from playwright.async_api import expect

expect.set_options(timeout=30_000)
