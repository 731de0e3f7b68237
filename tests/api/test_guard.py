"""Who gets in, and with which headers they leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from opsknight.api.guard import is_open, same_origin
from opsknight.domain.queries.sessions import viewer_of
from opsknight.domain.store.engine import Database, connect
from opsknight.domain.store.tables import UserRow
from tests.api.house import ADDRESS, FROM_US, IN_BROWSER, House, a_house, knock
from tests.clock import StoppedClock
from tests.clusters import Addresses


async def test_who_is_signed_in_is_known_to_the_route(house: House):
    ada = await house.signed_in(name="Ada", role="manager")

    answer = await house.client.get("/api/v1/who", headers=ada)

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["role"]) == ("Ada", "manager")


async def test_a_program_without_a_session_is_told_so(house: House):
    answer = await house.client.get("/api/v1/who")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "Nobody is signed in here, or the session is over. Sign in and try again."
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/incidents", "/sign-in"),
        ("/incidents/12?tab=pages", "/sign-in?next=/incidents/12%3Ftab%3Dpages"),
        ("/", "/sign-in"),
    ],
)
async def test_a_browser_without_a_session_is_led_to_the_sign_in_page_and_back(house: House, wanted: str, place: str):
    answer = await house.client.get(wanted, headers=IN_BROWSER)

    assert (answer.status_code, answer.headers["location"]) == (303, place)


@pytest.mark.parametrize("path", ["/anything", "/wall/main", "/style", "/api/v1/none", "/_nicegui_ws/socket.io/"])
async def test_what_is_not_listed_is_closed(house: House, path: str):
    assert (await house.client.get(path)).status_code == 401


@pytest.mark.parametrize("host", ["x/assets/", "localhost:8080/assets/?", "a/healthz#"])
async def test_the_host_header_opens_no_door(house: House, host: str):
    answer = await house.client.get("/api/v1/who", headers={"host": host})

    assert answer.status_code == 401


async def test_an_invented_cookie_opens_nothing(house: House):
    answer = await house.client.get("/api/v1/who", headers={"cookie": "__Host-opsknight=invented"})

    assert answer.status_code == 401


async def test_the_cookie_of_plain_http_is_not_taken_for_the_safe_one(house: House):
    ada = await house.signed_in()

    answer = await house.client.get("/api/v1/who", headers={"cookie": ada["cookie"].removeprefix("__Host-")})

    assert answer.status_code == 401


async def test_a_deactivated_person_is_out_at_once(house: House, database: Database):
    ada = await house.signed_in(name="Ada")
    async with house.deps.commands("system:test") as uow:
        for user in (await uow.session.scalars(UserRow.__table__.select().with_only_columns(UserRow.id))).all():
            (await uow.session.get_one(UserRow, user)).active = False

    assert (await house.client.get("/api/v1/who", headers=ada)).status_code == 401


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"origin": "null"}, {"origin": "http://localhost:8081"}, {}]
)
async def test_a_write_from_another_site_is_not_carried_out(house: House, headers: dict[str, str]):
    ada = await house.signed_in(role="admin")

    answer = await house.client.post("/api/v1/configure", headers=ada | headers)

    assert answer.status_code == 403
    assert "came from another site" in answer.json()["detail"]


async def test_a_write_from_our_own_page_is_carried_out(house: House):
    ada = await house.signed_in(name="Ada", role="admin")

    answer = await house.client.post("/api/v1/configure", headers=ada | FROM_US)

    assert (answer.status_code, answer.json()) == (200, "Ada")


async def test_a_need_that_a_role_does_not_fill_is_refused_in_words(house: House):
    observer = await house.signed_in(role="observer")

    answer = await house.client.post("/api/v1/configure", headers=observer | FROM_US)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "An observer cannot change services, policies and schedules; ask a manager."


@pytest.mark.parametrize(
    ("origin", "scheme", "host", "ours"),
    [
        (ADDRESS, "http", "localhost:8080", True),
        ("http://127.0.0.1:8080", "http", "127.0.0.1:8080", True),
        ("http://127.0.0.1:8080", "ws", "127.0.0.1:8080", True),
        (ADDRESS, "http", "inner-name:9000", True),  # behind a proxy
        ("https://localhost:8080", "http", "localhost:8080", False),
        ("http://localhost:8080.evil.example", "http", "localhost:8080", False),
        ("null", "http", "null", False),
        ("", "http", "", False),
    ],
)
def test_what_counts_as_our_own_origin(origin: str, scheme: str, host: str, ours: bool):  # noqa: FBT001
    assert same_origin(origin, address=ADDRESS, scheme=scheme, host=host) is ours


# sockets


async def test_a_socket_of_our_page_with_a_session_connects(house: House):
    ada = await house.signed_in()

    assert await knock(house, ada | FROM_US) == ["websocket.accept", "websocket.send", "websocket.close"]


@pytest.mark.parametrize("origin", [{}, {"origin": "https://evil.example"}, {"origin": "null"}])
async def test_a_socket_of_another_site_is_refused_although_the_cookie_is_right(house: House, origin: dict[str, str]):
    ada = await house.signed_in()

    assert await knock(house, ada | origin) == ["websocket.close"]


async def test_a_socket_without_a_session_is_refused(house: House):
    assert await knock(house, FROM_US) == ["websocket.close"]


# headers


async def test_pages_of_the_app_keep_everything_with_our_own_server(house: House):
    ada = await house.signed_in()

    answer = await house.client.get("/page", headers=ada)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in answer.headers


async def test_plain_pages_allow_no_inline_script_and_no_inline_style(house: House):
    answer = await house.client.get("/sign-in", headers=IN_BROWSER)

    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


async def test_under_https_browsers_are_told_to_stay_with_it(database: Database, clock: StoppedClock):
    async with a_house(database, clock, base_url="https://ops.example.com") as house:
        answer = await house.client.get("/sign-in")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_each_answer_has_an_id_of_its_own(house: House):
    first, second = [(await house.client.get("/healthz")).headers["x-request-id"] for _ in range(2)]

    assert first != second


# sessions in use


async def test_a_session_in_use_is_prolonged(house: House, database: Database, clock: StoppedClock):
    ada = await house.signed_in()
    clock.advance(timedelta(days=29))
    await house.client.get("/api/v1/who", headers=ada)

    clock.advance(timedelta(days=29))

    assert (await house.client.get("/api/v1/who", headers=ada)).status_code == 200


async def test_who_is_signed_in_sees_what_can_be_read_while_the_database_takes_no_writes(
    house: House, addresses: Addresses, clock: StoppedClock
):
    headers = await house.signed_in()
    clock.advance(timedelta(hours=2))
    owner = await connect(addresses.owner_dsn, purpose="tests")
    await owner.execute("REVOKE UPDATE ON sessions FROM opsknight_app")
    await owner.close()

    answer = await house.client.get("/api/v1/who", headers=headers)

    assert answer.status_code == 200


async def test_reading_does_not_write_each_time(house: House, database: Database, clock: StoppedClock):
    ada = await house.signed_in()
    begun_at = clock.now()
    clock.advance(timedelta(minutes=59))

    await house.client.get("/api/v1/who", headers=ada)

    async with database.screens() as session:
        found = await viewer_of(session, ada["cookie"].partition("=")[2], now=clock.now())
    assert found is not None
    assert found.seen_at == begun_at


def test_files_and_probes_are_open_and_pages_are_not():
    assert all(is_open(path) for path in ("/assets/theme.css", "/sw.js", "/healthz", "/ack/x", "/sign-in/x"))
    assert not any(is_open(path) for path in ("/", "/incidents", "/api/v1/board", "/me", "/wall/main"))


async def test_who_is_signed_in_is_found_out_though_the_connections_for_it_have_died(
    house: House, addresses: Addresses
):
    ada = await house.signed_in()
    await house.client.get("/api/v1/who", headers=ada)
    admin = await connect(addresses.admin_dsn, purpose="tests")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'opsknight sessions'"
    )
    await admin.close()

    answer = await house.client.get("/api/v1/who", headers=ada)

    assert answer.status_code == 200
