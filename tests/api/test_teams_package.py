"""The app package that Teams is given: complete, of our bot, and for admins alone."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from opsknight import cli
from opsknight.api import rooms
from opsknight.api.chats.teams_package import manifest, package
from opsknight.carriers import Carriers, TeamsSettings
from opsknight.domain.store.engine import Database
from opsknight.errors import Invalid
from tests.api.house import House, a_house
from tests.clock import StoppedClock
from tests.peers.teams import APP_ID, APP_SECRET

ITS = TeamsSettings(app_id=APP_ID, app_secret=APP_SECRET)
HOME = "https://ops.example.com"


def unpacked(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def size(png: bytes) -> tuple[int, ...]:
    assert png.startswith(b"\x89PNG")
    return struct.unpack(">II", png[16:24])


def test_the_package_has_a_manifest_and_icons_of_the_sizes_that_teams_wants():
    files = unpacked(package(ITS, address=HOME))

    told = json.loads(files["manifest.json"])
    assert set(files) == {"manifest.json", told["icons"]["color"], told["icons"]["outline"]}
    assert size(files[told["icons"]["color"]]) == (192, 192)
    assert size(files[told["icons"]["outline"]]) == (32, 32)


def test_the_manifest_keeps_to_the_lengths_and_words_of_its_schema():
    told = manifest(APP_ID, address=HOME)

    (bot,) = told["bots"]
    assert (told["id"], bot["botId"]) == (APP_ID, APP_ID)
    assert bot["scopes"] == ["personal", "team", "groupchat"]
    assert told["validDomains"] == ["ops.example.com"]
    assert len(told["name"]["short"]) <= 30
    assert len(told["name"]["full"]) <= 100
    assert len(told["description"]["short"]) <= 80
    assert all(len(one["title"]) <= 32 for one in bot["commandLists"][0]["commands"])
    assert all(len(one["description"]) <= 128 for one in bot["commandLists"][0]["commands"])


def test_the_same_settings_give_the_same_package():
    assert package(ITS, address=HOME) == package(ITS, address=HOME)


@pytest.mark.parametrize(
    ("its", "address", "wanted"),
    [
        (None, HOME, "OPSKNIGHT_TEAMS_APP_ID"),
        (TeamsSettings(), HOME, "OPSKNIGHT_TEAMS_APP_ID"),
        (ITS, "http://localhost:8080", "OPSKNIGHT_BASE_URL"),
    ],
)
def test_where_teams_could_not_use_it_the_sentence_says_what_to_set(its: Any, address: str, wanted: str):
    with pytest.raises(Invalid, match=wanted):
        package(its, address=address)


async def test_an_admin_downloads_it_and_nobody_else(database: Database, clock: StoppedClock):
    async with a_house(database, clock, base_url=HOME) as house:
        house.deps.carriers = Carriers(teams=ITS)
        house.routes.include_router(rooms.router(house.deps))

        assert [await asked(house, role=role) for role in ("admin", "manager", "responder")] == [200, 403, 403]


async def asked(house: House, **person: Any) -> int:
    async with house.client as client:
        answer = await client.get("/api/v1/channels/teams_bot/app", headers=await house.signed_in(**person))
    return answer.status_code


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    for name, value in {"TEAMS_APP_ID": APP_ID, "TEAMS_APP_SECRET": APP_SECRET, "BASE_URL": HOME}.items():
        monkeypatch.setenv(f"OPSKNIGHT_{name}", value)

    assert cli.main(["teams-app", "--to", str(tmp_path / "app.zip")]) == 0
    assert "manifest.json" in unpacked((tmp_path / "app.zip").read_bytes())
    assert "upload it" in capsys.readouterr().out


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.delenv("OPSKNIGHT_TEAMS_APP_ID", raising=False)

    assert cli.main(["teams-app"]) == 1
    assert "OPSKNIGHT_TEAMS_APP_ID" in capsys.readouterr().err
