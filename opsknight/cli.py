"""The command `opsknight`: one function a verb, each returning its exit code."""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from opsknight import logs, settings
from opsknight.errors import CannotStart, Refusal


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what `arguments` (default: the command line's) ask for; return the exit code.

    What cannot be done is said in a sentence on standard error.
    """
    asked, rest = _parser().parse_known_args(arguments)
    if rest and asked.verb is not _watchdog:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    asked.rest = rest
    try:
        return int(asked.verb(asked))
    except (Refusal, CannotStart) as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _serve(asked: argparse.Namespace) -> int:
    """Run the server; with --native in a process of its own beside a window."""
    known = settings.load()
    if asked.native:
        from opsknight import desktop

        return desktop.run_with_server(known.address, [sys.executable, "-m", "opsknight", "serve"], gui=asked.gui)
    gc.disable()  # all that is built now stays: looking through it again and again takes a fifth of the start
    from opsknight import app, server

    logs.configure(known.log_format, known.log_level)
    door = server.listen(known)
    return server.serve(app.build(known), known, door)


def _desktop(asked: argparse.Namespace) -> int:
    from opsknight import desktop

    return desktop.run(asked.server, gui=asked.gui)


def _sign_in_link(asked: argparse.Namespace) -> int:
    from opsknight import terminal

    known = settings.load()
    logs.configure(known.log_format, "warning")
    print(asyncio.run(terminal.sign_in_link(known, email=asked.email)))
    return 0


def _arm(_asked: argparse.Namespace) -> int:
    from opsknight import terminal

    known = settings.load()
    logs.configure(known.log_format, "warning")
    print(asyncio.run(terminal.arm(known)))
    return 0


def _drill(asked: argparse.Namespace) -> int:
    """Return 0 as soon as all have acknowledged, 1 where somebody has not; without --wait 0 once it has begun."""
    from opsknight import terminal

    known = settings.load()
    logs.configure(known.log_format, "warning")
    drilling = terminal.drill(
        known,
        person=asked.person,
        schedule=asked.schedule,
        wait=asked.wait,
        tell=lambda line: print(line, flush=True),
    )
    return 0 if asyncio.run(drilling) else 1


def _mail_catcher(asked: argparse.Namespace) -> int:
    from opsknight import mail_catcher

    place = f"{mail_catcher.HERE}:{asked.port}"
    words = (
        f"Mail for {place} is shown here and goes nowhere else. Start OpsKnight with\n"
        f"  OPSKNIGHT_SMTP_URL=smtp://{place} make run"
    )
    catching = mail_catcher.catch(
        port=asked.port, show=lambda text: print(text, flush=True), ready=lambda: print(words, flush=True)
    )
    asyncio.run(catching)
    return 0


def _watchdog(asked: argparse.Namespace) -> int:
    from opsknight import watchdog

    return watchdog.run(asked.rest)


def _teams_app(asked: argparse.Namespace) -> int:
    from opsknight.api.chats.teams_package import package
    from opsknight.carriers import TeamsSettings

    asked.to.write_bytes(package(TeamsSettings(), address=settings.load().address))
    print(f"{asked.to} is the app: upload it in the Teams admin center, or in Teams under Apps, Manage your apps.")
    return 0


def _settings(_asked: argparse.Namespace) -> int:
    from opsknight.jobs.channels.table import settings_table  # heavy, and of no use to the desktop

    print(settings.table() + settings_table(), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="opsknight", description="On-call and incident response.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    serve = verbs.add_parser("serve", help="run the server")
    serve.add_argument("--native", action="store_true", help="show it in a window of its own, too")
    _with_gui(serve)
    serve.set_defaults(verb=_serve)

    window = verbs.add_parser("desktop", help="show a server's board in a native window")
    window.add_argument("--server", required=True, metavar="URL", help="the server's address")
    _with_gui(window)
    window.set_defaults(verb=_desktop)

    link = verbs.add_parser("sign-in-link", help="print a link that signs a person in, once")
    link.add_argument("email", help="the person's e-mail address")
    link.set_defaults(verb=_sign_in_link)

    arm = verbs.add_parser("arm", help="let a restored copy page people, beginning with what has fallen due")
    arm.set_defaults(verb=_arm)

    drill = verbs.add_parser("drill", help="page people for real about nothing, and see who is reached and answers")
    whom = drill.add_mutually_exclusive_group(required=True)
    whom.add_argument("--person", metavar="ADDRESS", help="the person with this e-mail address")
    whom.add_argument("--schedule", metavar="NAME", help="whoever is on call on this schedule now")
    whom.add_argument("--on-call", action="store_true", help="everyone on call now or within 12 hours")
    drill.add_argument(
        "--wait", action="store_true", help="tell each hop until all have answered; exit code 0 only if all have"
    )
    drill.set_defaults(verb=_drill)

    catcher = verbs.add_parser("mail-catcher", help="a mail server that shows every mail in the terminal")
    catcher.add_argument("--port", type=int, default=1025, help="default: 1025")
    catcher.set_defaults(verb=_mail_catcher)

    teams = verbs.add_parser("teams-app", help="write the app package of the Teams bot, to be uploaded in Teams")
    teams.add_argument("--to", type=Path, default=Path("opsknight-teams.zip"), help="default: opsknight-teams.zip")
    teams.set_defaults(verb=_teams_app)

    dog = verbs.add_parser("watchdog", help="watch a server from outside, and page when it cannot", add_help=False)
    dog.set_defaults(verb=_watchdog)

    table = verbs.add_parser("settings", help="print every setting as a table")
    table.set_defaults(verb=_settings)
    return parser


def _with_gui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--gui", choices=("qt", "gtk"), help="window toolkit; default: whichever is there")
