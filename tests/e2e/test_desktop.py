from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsknight.desktop import CannotOpen, whole_address
from tests.bounds import PATIENCE_S
from tests.e2e.windows import said, screen, site, toolkit, why_no_window, window
from tests.ports import free_port

needs_a_window = pytest.mark.skipif(bool(why_no_window()), reason=why_no_window() or "a window can open")


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    with screen() as name:
        yield name


@pytest.fixture
def port() -> int:
    return free_port()


def opsknight(*arguments: str, without: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command where the modules named in `without` cannot be imported."""
    hidden = "".join(f"sys.modules[{name!r}] = None; " for name in without.split())
    start = f"import sys; {hidden}from opsknight.cli import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", start, *arguments],
        env={**os.environ, **environment},
        capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "opened"),
    [
        ("https://ops.example.com", "https://ops.example.com/incidents"),
        ("https://ops.example.com/", "https://ops.example.com/incidents"),
        ("ops.example.com", "https://ops.example.com/incidents"),
        ("localhost:8080", "http://localhost:8080/incidents"),
        ("http://localhost:8080/sign-in/abc", "http://localhost:8080/sign-in/abc"),
    ],
)
def test_the_window_opens_the_board_unless_a_page_is_named(given: str, opened: str):
    assert whole_address(given) == opened


@pytest.mark.parametrize("given", ["", "ftp://ops.example.com", "https://", "file:///etc/passwd"])
def test_an_address_without_a_server_is_refused_with_an_example(given: str):
    with pytest.raises(CannotOpen, match="give one like https://"):
        whole_address(given)


def test_without_pywebview_the_command_says_how_to_install_it():
    answer = opsknight("desktop", "--server", "http://localhost:1", without="webview")

    assert answer.returncode == 1
    assert "pip install 'opsknight[desktop]'" in answer.stderr


def test_without_a_toolkit_the_command_names_both_and_how_to_install_them():
    answer = opsknight("desktop", "--server", "http://localhost:1", without="gi qtpy", DISPLAY=":0")

    assert answer.returncode == 1
    assert "needs qt or gtk to draw with" in answer.stderr
    assert "opsknight[desktop]" in answer.stderr
    assert "gir1.2-webkit2-4.1" in answer.stderr
    assert "Traceback" not in answer.stderr


@needs_a_window
def test_where_there_is_no_screen_the_command_says_so(tmp_path: Path):
    here = toolkit()
    assert here is not None
    command = here.command("desktop", "--server", "http://localhost:1")
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}

    answer = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    assert answer.returncode == 1
    assert "There is no screen here" in answer.stderr


@needs_a_window
def test_a_window_opened_before_its_server_goes_on_by_itself_when_the_server_comes(
    display: str, port: int, tmp_path: Path
):
    here = toolkit()
    assert here is not None
    with window(here.command("desktop", "--server", f"localhost:{port}"), display=display, home=tmp_path) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)  # it waits, and does not give up
        with site(port) as server:
            server.wait_for(lambda asked: asked.path == "/incidents")
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0


@needs_a_window
def test_a_window_on_an_error_page_returns_to_the_board_with_its_server(display: str, port: int, tmp_path: Path):
    here = toolkit()
    assert here is not None
    with window(here.command("desktop", "--server", f"localhost:{port}"), display=display, home=tmp_path) as process:
        with site(port) as server:
            server.wait_for(lambda asked: asked.path == "/incidents")
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(4)  # the page reloads in vain, the window notices

        with site(port) as server:
            server.wait_for(lambda asked: asked.path == "/incidents")


@needs_a_window
def test_the_window_keeps_its_login_from_one_start_to_the_next(display: str, port: int, tmp_path: Path):
    here = toolkit()
    assert here is not None
    command = here.command("desktop", "--server", f"localhost:{port}")
    with site(port) as server:
        with window(command, display=display, home=tmp_path) as first:
            server.wait_for(lambda asked: asked.path == "/incidents")
            first.send_signal(signal.SIGTERM)
            first.wait(PATIENCE_S)
        server.asked.clear()

        with window(command, display=display, home=tmp_path):
            again = server.wait_for(lambda asked: asked.path == "/incidents")

    assert "signed=in" in again.cookie
    assert oct((tmp_path / "opsknight-window").stat().st_mode & 0o777) == "0o700"


BROUGHT = """
import sys; sys.path.append({path!r}); sys.path.append({root!r})
from tests.e2e.windows import site
with site({port}, signs_in=True) as server:
    print("  Sign in, once:    http://localhost:{port}/sign-in/once", flush=True)
    server.wait_for(lambda asked: asked.path == "/sign-in/once")
    print("the link was used", flush=True)
    server.wait_for(lambda asked: asked.path == "/never", within_s={lives_s})
"""
ROOT = str(Path(__file__).parents[2])


def bring(port: int, *, lives_s: float) -> list[str]:
    """Return a command that opens a window with a server of its own, which stays up for `lives_s` seconds."""
    here = toolkit()
    assert here is not None
    server = BROUGHT.format(path=here.path, root=ROOT, port=port, lives_s=lives_s)
    start = (
        f"import sys; sys.path.append({here.path!r}); from opsknight import desktop;"
        f" sys.exit(desktop.run_with_server('http://localhost:{port}', [sys.executable, '-c', {server!r}],"
        f" gui={here.name!r}))"
    )
    return [sys.executable, "-c", start]


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=2):
            return True
    except OSError:
        return False


@needs_a_window
def test_a_brought_server_signs_the_window_in_and_stops_when_it_closes(display: str, port: int, tmp_path: Path):
    with window(bring(port, lives_s=10 * PATIENCE_S), display=display, home=tmp_path) as process:
        assert said(process, "Sign in, once")  # the server's words still reach the terminal
        assert said(process, "the link was used")
        assert answers(port)
        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE_S) == 0
    assert not answers(port)


@needs_a_window
def test_a_window_closes_with_the_server_it_brought_and_returns_its_exit_code(display: str, port: int, tmp_path: Path):
    with window(bring(port, lives_s=0.5), display=display, home=tmp_path) as process:
        assert said(process, "The server has ended (exit code 1); its window closes with it.")

        assert process.wait(PATIENCE_S) == 1


@needs_a_window
def test_a_server_that_was_there_before_the_window_outlives_it(display: str, port: int, tmp_path: Path):
    with site(port) as server:
        with window(bring(port, lives_s=10 * PATIENCE_S), display=display, home=tmp_path) as process:
            server.wait_for(lambda asked: asked.path == "/incidents")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_S) == 0

        assert answers(port)
