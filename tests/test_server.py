"""Starting and stopping as an operator sees it, with a small app in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.bounds import PATIENCE_S, WIDER
from tests.peers.certificates import certificate

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import asyncio, sys
from contextlib import asynccontextmanager
from fastapi import FastAPI
from opsknight import cli, server, settings
from opsknight.errors import CannotStart

@asynccontextmanager
async def lifespan(app):
    if "fail" in sys.argv:
        raise CannotStart("The disk is full: make room, then start again.")
    app.state.greeting = "here I am"
    yield
    print("stopped in order", flush=True)

app = FastAPI(lifespan=lifespan)

@app.get("/slow")
async def slow():
    await asyncio.sleep(60)

def run(asked):
    known = settings.load()
    return server.serve(app, known, server.listen(known))

cli._serve = run
sys.exit(cli.main(["serve"]))
"""


def a_free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextlib.contextmanager
def started(port: int, *words: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "OPSKNIGHT"))}
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=ROOT,
        env={
            **environment,
            **{f"OPSKNIGHT_{name}": value for name, value in settings.items()},
            "OPSKNIGHT_PORT": str(port),
            "PYTHONPATH": str(ROOT),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_greets_when_it_answers_and_stops_in_order_when_told(number: signal.Signals):
    port = a_free_port()
    with started(port) as process:
        greeting = first_line(process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/openapi.json", timeout=PATIENCE_S) as answer:
            status = answer.status
        process.send_signal(number)
        out, _ = process.communicate(timeout=PATIENCE_S)

    assert (greeting, status, out.strip(), process.returncode) == ("here I am", 200, "stopped in order", 0)


def test_a_request_in_flight_does_not_keep_it_from_stopping():
    port = a_free_port()
    with started(port) as process:
        first_line(process)
        with socket.create_connection(("127.0.0.1", port)) as asker:
            asker.sendall(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
            began = time.monotonic()
            process.terminate()
            out, _ = process.communicate(timeout=PATIENCE_S)

    assert (out.strip(), process.returncode) == ("stopped in order", 0)
    assert time.monotonic() - began < 10 * WIDER


def test_a_port_that_is_taken_is_said_so_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(port) as process:
            out, err = process.communicate(timeout=PATIENCE_S)

    assert (out, process.returncode) == ("", 1)
    assert err.strip() == (
        f"Cannot listen on 127.0.0.1 port {port}: Address already in use."
        " Stop what uses it, or choose others with OPSKNIGHT_HOST and OPSKNIGHT_PORT."
    )


def test_a_start_that_fails_for_a_known_reason_says_it_without_a_stack():
    with started(a_free_port(), "fail") as process:
        out, err = process.communicate(timeout=PATIENCE_S)

    assert (out, process.returncode) == ("", 3)
    assert "The disk is full: make room, then start again." in err
    assert "Traceback" not in err


def a_folder(place: Path, name: str) -> Path:
    """Return a new folder in `place`."""
    (made := place / name).mkdir()
    return made


def a_certificate_that_is_missing(place: Path) -> tuple[Path, Path, str]:
    paper, missing = certificate(place), place / "fullchain.pem"
    return missing, paper.key, f"OPSKNIGHT_TLS_CERT names {missing}, which cannot be read: No such file or directory."


def a_key_that_is_missing(place: Path) -> tuple[Path, Path, str]:
    paper, missing = certificate(place), place / "privkey.pem"
    return paper.chain, missing, f"OPSKNIGHT_TLS_KEY names {missing}, which cannot be read: No such file or directory."


def a_key_of_another(place: Path) -> tuple[Path, Path, str]:
    paper, other = certificate(a_folder(place, "ours")), certificate(a_folder(place, "theirs"))
    return paper.chain, other.key, f"the key in {other.key} does not fit the certificate in {paper.chain}."


def no_certificate(place: Path) -> tuple[Path, Path, str]:
    paper = certificate(place)
    return paper.key, paper.key, f"{paper.key} holds no certificate as PEM."


def a_key_with_a_password(place: Path) -> tuple[Path, Path, str]:
    paper, locked = certificate(place), place / "locked.pem"
    with_password = serialization.BestAvailableEncryption(b"secret")
    key = serialization.load_pem_private_key(paper.key.read_bytes(), None)
    as_pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    locked.write_bytes(key.private_bytes(*as_pem, with_password))
    return paper.chain, locked, f"the key in {locked} has a password, and nobody is there to type it."


@pytest.mark.parametrize(
    "papers",
    [
        a_certificate_that_is_missing,
        a_key_that_is_missing,
        a_key_of_another,
        no_certificate,
        a_key_with_a_password,
    ],
)
def test_a_certificate_that_cannot_be_used_is_said_so_without_a_stack(
    papers: Callable[[Path], tuple[Path, Path, str]], tmp_path: Path
):
    chain, key, why = papers(tmp_path)

    with started(a_free_port(), TLS_CERT=str(chain), TLS_KEY=str(key)) as process:
        out, err = process.communicate(timeout=PATIENCE_S)

    assert (out, process.returncode) == ("", 1)
    assert err.startswith(f"Cannot serve https: {why} ")
    assert "Traceback" not in err
