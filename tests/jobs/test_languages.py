"""Every word of a message of ours can be said in another language: seen by one in which each sentence is marked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from babel.messages.pofile import read_po

from opsknight import watchdog
from opsknight.domain.model.attempt import Other
from opsknight.domain.model.button import buttons
from opsknight.domain.model.event import Severity
from opsknight.domain.model.notification import TOLD, PageKind
from opsknight.domain.model.paging import QUIET
from opsknight.domain.model.speech import CATALOGUES, speaking, to_say
from opsknight.jobs.channels import (
    discord,
    google_chat,
    gotify,
    mails,
    matrix,
    mattermost,
    ntfy,
    pushover,
    slack,
    teams,
    teams_bot,
    telegram,
    xmpp,
)
from opsknight.jobs.channels.channel import Message
from opsknight.jobs.channels.push import payload
from opsknight.jobs.channels.texts import spoken, texted
from opsknight.jobs.channels.twilio import twiml
from tests.clock import NOON
from tests.jobs.a_message import a_message
from tests.jobs.test_messages import WRITER, an_attempt, an_incident_now
from tests.marked import Marked, words_left

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def marked() -> Iterator[None]:
    """Whatever is said in a test is said in the marked language."""
    with speaking(Marked()):
        yield


NAMES = ("Disk full on db-1", "Checkout", "Slow", "Search", "Ada", "Platform", "Primary")
WHY = to_say("on call: {schedule}, {layer}", schedule="Platform", layer="Primary")


@pytest.mark.parametrize("kind", sorted(set(PageKind) - TOLD - {PageKind.CANARY}))
def test_every_kind_of_message_is_said_in_the_readers_language(kind: PageKind):
    of_oneself = kind in {PageKind.TEST, PageKind.CONFIRM, PageKind.CODE, PageKind.DRILL, PageKind.CHECK}
    incident = (
        None if of_oneself else an_incident_now(acknowledged_at=NOON, runbook_url="https://wiki.example.com/disk")
    )
    attempt = an_attempt(kind=kind, incident=incident, why_paged=WHY, why_now=QUIET, perhaps=1)

    message = WRITER.message(attempt, now=NOON.replace(hour=15))

    assert words_left(f"{message.subject} {message.title} {message.body}", *NAMES) == []


def test_a_summary_and_what_is_late_are_said_in_the_readers_language():
    other = Other(13, "Slow", Severity.ERROR, "Search", NOON - NOON.replace(hour=9), "")

    message = WRITER.message(an_attempt(why_paged=WHY, others=(other,)), now=NOON)

    assert words_left(f"{message.subject} {message.title} {message.body}", *NAMES) == []


def a_marked_message(**changes: object) -> Message:
    """A message of which only the channel adds words."""
    return a_message(subject="⟦subject⟧", title="⟦title⟧", body="⟦body⟧", to_name="Ada", **changes)


def test_texts_and_calls_add_words_of_the_readers_language_only():
    message = a_marked_message()
    called = re.sub(r"<[^>]*>", " ", twiml(message, language="en-US"))

    assert words_left(texted(message, replies=True)) == []
    assert words_left(spoken(message)) == []
    assert words_left(called, "OpsKnight") == []


SENT = {
    "mail": lambda one: f"{mails.text(one)} {mails.html(one)}",
    "push": lambda one: orjson.loads(payload(one, at=NOON)),
    "slack": slack.said,
    "teams": teams.card,
    "teams bot": teams_bot.activity,
    "telegram": telegram.said,
    "discord": lambda one: [discord.pressable(one), discord.linked(one)],
    "mattermost": lambda one: mattermost.said(one, "secret"),
    "google chat": google_chat.said,
    "ntfy": lambda one: ntfy.published(one, "topic"),
    "gotify": gotify.pushed,
    "pushover": pushover.pushed,
    "matrix": matrix.said,
    "xmpp": xmpp.said,
}
OURS = re.compile(
    r"(?<!⟦)\b(?:Acknowledge|Open|Resolve|Escalate|Or answer|I am on it|Try again|Not acknowledged|OpsKnight could)\b"
)


@pytest.mark.parametrize("channel", SENT)
def test_what_a_channel_adds_is_said_in_the_readers_language(channel: str):
    sent = str(SENT[channel](a_marked_message(replies_to="opsknight+a@example.com")))

    assert re.search(r"⟦(?:Open|Acknowledge)", sent)
    assert OURS.findall(sent) == []


@pytest.mark.parametrize("kind", [PageKind.PAGE, PageKind.STILL_ON_IT, PageKind.TEST, PageKind.DRILL])
def test_what_is_written_on_buttons_is_said_in_the_readers_language(kind: PageKind):
    labels = [button.label for button in buttons(kind, about_one=True)]

    assert labels
    assert words_left(" ".join(labels)) == []


SAYING = {"say", "later", "say_many", "to_say", "to_say_many"}


def calls() -> Iterator[ast.Call]:
    """Yield what is said, all over the code."""
    for path in sorted((ROOT / "opsknight").rglob("*.py")):
        if "model.speech import" in (source := path.read_text()) or "def say(" in source:
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING:
                    yield node


def test_the_template_of_catalogues_names_every_sentence_and_none_besides():
    said = {argument.value for call in calls() for argument in call.args if isinstance(argument, ast.Constant)}
    with (CATALOGUES / "opsknight.pot").open("rb") as template:
        ids = [one.id for one in read_po(template) if one.id]
    listed = {text for one in ids for text in ([one] if isinstance(one, str) else one)}

    assert listed == said, "make texts writes the template anew; it looks into no f-string"


def test_what_is_said_is_written_where_it_is_said():
    """A sentence that is put together from parts has no name by which a catalogue could know it."""
    composed = [ast.unparse(call) for call in calls() if isinstance(call.args[0], ast.JoinedStr | ast.BinOp)]

    assert composed == []


ANSWERING = (
    "api/acknowledge.py",
    "api/answering.py",
    "api/chats/*.py",
    "api/drill_links.py",
    "api/mail_answering.py",
    "api/pressing.py",
    "api/slack.py",
    "domain/commands/devices.py",
    "domain/commands/fitness.py",
    "domain/commands/foretelling.py",
    "domain/commands/holding.py",
    "domain/commands/phone_turns.py",
    "domain/commands/steps.py",
    "domain/model/canary.py",
    "domain/model/drill.py",
    "domain/model/foretelling.py",
    "domain/model/mail_reply.py",
    "domain/model/offer.py",
    "domain/model/permission.py",
    "domain/model/reply.py",
    "domain/model/standing_in.py",
    "domain/model/watching.py",
    "jobs/channels/notices.py",
    "jobs/channels/texts.py",
    "jobs/messages.py",
    "watchdog.py",
)
"""Where what people are sent is written."""
TO_MACHINES = ("teams_package.py", "teams_proof.py")
ON_SCREENS = {"about_of", "arrives", "complaint", "finding", "run", "sentence", "speak", "wanted_no_more"}
"""Functions in these files whose words stand on screens, on the terminal and in the ledger alone."""
IN_THE_LEDGER = {
    "everyone on call tonight",
    "not to be disturbed now",
    "the OpsKnight app was removed there",
    "the device was quiet for a while",
}
ON_THE_TERMINAL = {watchdog.HELP, "not a web address", watchdog.TOO_LATE}
SENTENCE = re.compile(r"[A-Za-z]+( [a-z]+){2}")


def unsaid(path: Path) -> Iterator[str]:
    """Yield what looks like words of ours and goes through no catalogue, docstrings, SQL and the log aside."""
    passed: set[ast.AST] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in SAYING | {"text", "SignInRequired", "RuntimeError"}:
                passed.update(ast.walk(node))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                passed.update(ast.walk(node))
            case ast.FunctionDef(name=name) if name in ON_SCREENS:
                passed.update(ast.walk(node))
            case ast.ClassDef(bases=[ast.Name(id="StrEnum")]):
                passed.update(ast.walk(node))
            case ast.Expr(value=ast.Constant() as docstring):
                passed.add(docstring)
            case ast.Constant(value=str(words)) if node not in passed and SENTENCE.search(words):
                yield words


@pytest.mark.parametrize("where", ANSWERING)
def test_what_people_are_sent_is_written_for_a_catalogue(where: str):
    paths = [path for path in sorted((ROOT / "opsknight").glob(where)) if path.name not in TO_MACHINES]

    assert paths
    assert {words for path in paths for words in unsaid(path)} - IN_THE_LEDGER - ON_THE_TERMINAL == set()
