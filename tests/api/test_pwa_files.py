"""The app's own files, as a browser gets them; what the browser does with them is tests/e2e/test_pwa.py."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi import FastAPI

from opsknight.api import pwa
from opsknight.settings import ASSETS


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(pwa.router(cast("Any", None)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        yield client


def stamp(worker: str) -> dict[str, Any]:
    return json.loads(worker.split("\n", 1)[0].removeprefix("self.OPSKNIGHT = ").removesuffix(";"))


async def test_the_worker_rules_the_whole_site_and_is_asked_for_each_time(browser: httpx.AsyncClient):
    answer = await browser.get("/sw.js")

    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Content-Type"].startswith("text/javascript")


async def test_everything_the_offline_page_needs_is_served(browser: httpx.AsyncClient):
    shell = stamp((await browser.get("/sw.js")).text)["shell"]

    answers = {address: (await browser.get(address)).status_code for address in shell}

    assert set(answers.values()) == {200}, answers
    assert "/offline" in shell
    assert any(address.endswith(".woff2") for address in shell)


def test_a_changed_asset_is_a_changed_worker(tmp_path: Path):
    for name, text in {
        "sw.js": "",
        "offline.html": '<link href="/assets/plain.css">',
        "plain.css": "",
        "x": "1",
    }.items():
        (tmp_path / name).write_text(text)
    before = pwa.worker_source(tmp_path)

    (tmp_path / "x").write_text("2")

    assert stamp(pwa.worker_source(tmp_path))["build"] != stamp(before)["build"]


async def test_the_manifest_names_icons_of_the_sizes_that_it_says(browser: httpx.AsyncClient):
    answer = await browser.get("/manifest.webmanifest")

    assert answer.headers["Content-Type"] == "application/manifest+json"
    for icon in answer.json()["icons"]:
        picture = (await browser.get(icon["src"])).content
        width, height = struct.unpack(">II", picture[16:24])  # PNG: signature, length and name of IHDR come first
        assert icon["sizes"] == f"{width}x{height}", icon["src"]


async def test_the_icons_that_notifications_show_are_served(browser: httpx.AsyncClient):
    worker = (await browser.get("/sw.js")).text

    named = re.findall(r'"(/assets/icons/[^"]+)"', worker)

    assert named
    for address in named:
        assert (await browser.get(address)).status_code == 200, address


async def test_the_app_opens_in_the_colour_of_the_theme(browser: httpx.AsyncClient):
    manifest = (await browser.get("/manifest.webmanifest")).json()
    dark = re.search(r"--ok-bg: light-dark\(#\w+, (#\w+)\)", (ASSETS / "theme.css").read_text("utf-8"))

    assert dark is not None
    assert manifest["background_color"] == manifest["theme_color"] == dark[1]


async def test_the_offline_page_runs_no_script_but_its_own_files(browser: httpx.AsyncClient):
    answer = await browser.get("/offline")

    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert re.search(r"<script>|\son\w+=|style=", answer.text) is None


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/assets/theme.css?v=12345678", "immutable"),
        ("/assets/theme.css", "no-cache"),
        ("/assets/fonts/inter-latin.woff2", "max-age=86400"),
    ],
)
async def test_a_file_is_kept_as_long_as_its_address_allows(browser: httpx.AsyncClient, address: str, kept: str):
    answer = await browser.get(address)

    assert kept in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "%2e%2e/pyproject.toml", "fonts/../../pyproject.toml", "nothing.css"]
)
async def test_nothing_outside_the_assets_is_served(browser: httpx.AsyncClient, path: str):
    answer = await browser.get(f"/assets/{path}")

    assert answer.status_code == 404


async def test_an_unchanged_file_is_not_sent_twice(browser: httpx.AsyncClient):
    first = await browser.get("/assets/theme.css")

    again = await browser.get("/assets/theme.css", headers={"If-None-Match": first.headers["ETag"]})

    assert again.status_code == 304
