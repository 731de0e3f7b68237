"""The watchdog: a process apart that looks at OpsKnight from outside and pages when OpsKnight cannot.

It needs Python's standard library alone, so that it runs on another machine as one file, and it has
credentials of its own: mail by SMTP, a topic of ntfy, an SMS by Twilio, a webhook. It reads its settings from the
environment; `python3 watchdog.py --help` names them. It pages in English, or in the language that is set where a
catalogue of that lies beside it, in locale/.

It asks /readyz. What does not answer, or answers that the database or the engine is bad, that no page gets through,
that no process takes events, or that it is a restored copy that nobody has armed, for a while, is blind. It pages then,
again every ten minutes until that is over, and says so when it is.
"""

from __future__ import annotations

import argparse
import base64
import gettext
import http.client
import io
import json
import os
import smtplib
import ssl
import struct
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.header import Header
from email.message import EmailMessage
from pathlib import Path

PREFIX = "OPSKNIGHT_WATCHDOG_"
ASK_EVERY_S = 30.0
BLIND_AFTER_S = 90.0
AGAIN_AFTER_S = 600.0
ANSWER_WITHIN_S = 10.0
LOOK_S = 20.0
"""How long one look may take in all, however slowly the answer comes."""
PAGE_S = 40.0
"""How long paging may take in all, by all ways at once; a mail alone is a handful of questions and answers."""
KEEP_FROM_DUTY = ("database", "engine")
"""Findings of /readyz that say that what monitors report pages nobody."""
LATELY = ("restored", "canaries", "hearing")
"""Those of the kind that an older OpsKnight does not tell of."""
TOO_LATE = "it did not take the page in time"
CATALOGUES = Path(__file__).with_name("locale")
_VOICE = [gettext.NullTranslations()]
"""What is spoken: one language, by all threads of the process."""
HELP = """settings, from the environment:
  OPSKNIGHT_WATCHDOG_URL        OpsKnight's address, such as https://ops.example.com
  OPSKNIGHT_WATCHDOG_AFTER      seconds without a good answer before it pages; default 90
  OPSKNIGHT_WATCHDOG_LANGUAGE   of what it pages, such as en; another needs locale/<it>/LC_MESSAGES/opsknight.mo
                                beside this file
  OPSKNIGHT_WATCHDOG_SMTP_URL   smtp://user:password@host:587 (STARTTLS where offered) or smtps://…
  OPSKNIGHT_WATCHDOG_MAIL_TO    addresses, separated by commas
  OPSKNIGHT_WATCHDOG_MAIL_FROM  default: the first address
  OPSKNIGHT_WATCHDOG_NTFY       address of a topic, such as https://ntfy.sh/ops-watchdog-x7Kq
  OPSKNIGHT_WATCHDOG_WEBHOOK    gets {"text": …} by POST
  OPSKNIGHT_WATCHDOG_TWILIO     https://SID:TOKEN@api.twilio.com?from=+15005550006&to=+491701234567
Set at least one way to page; all that are set are used at once.
"""


def say(text: str, /, **parts: object) -> str:
    """Return `text` with its {parts} in the language that is spoken; a translation that cannot be filled is left."""
    try:
        return _VOICE[0].gettext(text).format_map(parts)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return text.format_map(parts)


def speak(language: str) -> str:
    """Speak `language` from now on; return why that cannot be, empty where it can: then English is spoken."""
    _VOICE[0] = gettext.NullTranslations()
    if language in ("", "en"):
        return ""
    try:
        _VOICE[0] = gettext.translation("opsknight", CATALOGUES, [language])
    except (OSError, ValueError, LookupError, struct.error) as error:
        place = CATALOGUES / language / "LC_MESSAGES" / "opsknight.mo"
        return f"It pages in English: no catalogue of {language} can be read from {place} ({error})."
    return ""


@dataclass
class State:
    """What is known: since when nothing good was seen, and when somebody was paged of it."""

    good_at: float
    blind_after_s: float = BLIND_AFTER_S
    paged_at: float | None = None

    def see(self, why: str, at: float) -> str | None:
        """Take in one look, empty `why` for good; return what to page now, None for nothing.

        `at` are seconds of a clock that never jumps.
        """
        if not why:
            blind_s, was_told = at - self.good_at, self.paged_at is not None
            self.good_at, self.paged_at = at, None
            return say("OpsKnight pages again. It was blind for {span}.", span=words(blind_s)) if was_told else None
        was_paged = self.paged_at is not None and at - self.paged_at < AGAIN_AFTER_S
        if at - self.good_at < self.blind_after_s or was_paged:
            return None
        self.paged_at = at
        return say(
            "OpsKnight cannot page for {span} now: {why} Page people by other means, and see to it.",
            span=words(at - self.good_at),
            why=why,
        )


def words(seconds: float) -> str:
    """Return a span as people say it."""
    if seconds < 120:
        return say("{count} s", count=round(seconds))
    return say("{count} min", count=round(seconds / 60))


def look(url: str) -> str:
    """Return why OpsKnight at `url` does not page, empty where it does as far as it can be seen from here.

    Never raises, and takes LOOK_S at most: time limits of sockets begin anew with every letter that comes.
    """
    found: list[str] = []
    looking = threading.Thread(target=lambda: found.append(_look(url)), daemon=True)
    looking.start()
    looking.join(LOOK_S)
    return found[0] if found else say("it does not answer (not in time).")


def _look(url: str) -> str:
    try:
        status, body = _asked(f"{url.rstrip('/')}/readyz")
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        return say("it does not answer ({error}).", error=reason)
    if status not in (200, 503):
        return say("it answers {status}.", status=status)
    try:
        findings = json.loads(body)["findings"]
        names = (*KEEP_FROM_DUTY, *(name for name in LATELY if name in findings))
        bad = [findings[name]["sentence"] for name in names if findings[name]["state"] == "bad"]
    except (ValueError, KeyError, TypeError):
        return say("what answers there is not OpsKnight.")
    return bad[0] if bad else ""


def _asked(url: str) -> tuple[int, bytes]:
    """Return the status and the body of an answer, also of one that refuses."""
    try:
        with _opener().open(url, timeout=ANSWER_WITHIN_S) as answer:
            return answer.status, answer.read(65536)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(65536)


def page(text: str, settings: Mapping[str, str]) -> list[str]:
    """Page by every way that is set, by all at once; return what went wrong, a line each.

    Takes PAGE_S at most: a way that hangs, or answers a letter at a time, holds up neither the others nor the next
    look.
    """
    wrong: dict[str, str] = {}
    trying: dict[str, threading.Thread] = {}
    for name in WAYS:
        if settings.get(name):
            wrong[name] = f"{name}: {TOO_LATE}"
            trying[name] = threading.Thread(target=_try, args=(name, text, settings, wrong), daemon=True)
            trying[name].start()
    until = time.monotonic() + PAGE_S
    for thread in trying.values():
        thread.join(max(0.0, until - time.monotonic()))
    return [line for line in list(wrong.values()) if line]


def _try(name: str, text: str, settings: Mapping[str, str], wrong: dict[str, str]) -> None:
    """Page by one way, and write down what went wrong with it, empty for nothing."""
    try:
        WAYS[name](text, settings)
    except Exception as error:  # noqa: BLE001  # whatever it is, the page did not go out by this way
        wrong[name] = f"{name}: {type(error).__name__}: {error}"
    else:
        wrong[name] = ""


def _mail(text: str, settings: Mapping[str, str]) -> None:
    parts = urllib.parse.urlsplit(settings["SMTP_URL"])
    to = [address.strip() for address in settings["MAIL_TO"].split(",")]
    message = EmailMessage()
    message["Subject"] = text[:150].replace("\r", " ").replace("\n", " ")
    message["From"], message["To"] = settings.get("MAIL_FROM") or to[0], ", ".join(to)
    message["Importance"] = "high"
    message.set_content(text)
    secure = parts.scheme == "smtps"
    kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
    with kind(parts.hostname or "", parts.port or (465 if secure else 25), timeout=ANSWER_WITHIN_S) as server:
        if not secure and server.ehlo() and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
        if parts.username:
            server.login(urllib.parse.unquote(parts.username), urllib.parse.unquote(parts.password or ""))
        server.send_message(message)


def _ntfy(text: str, settings: Mapping[str, str]) -> None:
    title = say("OpsKnight is blind?")
    headers = {"Title": title if title.isascii() else Header(title, "utf-8").encode(maxlinelen=0), "Priority": "5"}
    _post(settings["NTFY"], text.encode(), headers)


def _webhook(text: str, settings: Mapping[str, str]) -> None:
    _post(settings["WEBHOOK"], json.dumps({"text": text}).encode(), {"Content-Type": "application/json"})


def _twilio(text: str, settings: Mapping[str, str]) -> None:
    parts = urllib.parse.urlsplit(settings["TWILIO"].replace("+", "%2B"))
    asked = dict(urllib.parse.parse_qsl(parts.query))
    account, token = parts.username or "", parts.password or ""
    place = parts.netloc.rpartition("@")[2]
    form = urllib.parse.urlencode({"From": asked["from"], "To": asked["to"], "Body": text[:300]}).encode()
    signed = base64.b64encode(f"{account}:{token}".encode()).decode()
    _post(
        f"{parts.scheme}://{place}/2010-04-01/Accounts/{account}/Messages.json",
        form,
        {"Authorization": f"Basic {signed}", "Content-Type": "application/x-www-form-urlencoded"},
    )


WAYS: Mapping[str, Callable[[str, Mapping[str, str]], None]] = {
    "MAIL_TO": _mail,
    "NTFY": _ntfy,
    "WEBHOOK": _webhook,
    "TWILIO": _twilio,
}
"""What pages, by the setting that turns it on."""


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    request = urllib.request.Request(_web(url), data=body, headers=dict(headers), method="POST")  # noqa: S310
    with _opener().open(request, timeout=ANSWER_WITHIN_S) as answer:
        answer.read(1024)


def _web(url: str) -> str:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("not a web address")
    return url


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens addresses: straight, for a proxy would be one more thing that may be broken."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def settings_of(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the watchdog's settings by their names without the prefix."""
    return {name.removeprefix(PREFIX): value for name, value in environment.items() if name.startswith(PREFIX)}


def complaint(settings: Mapping[str, str]) -> str:
    """Return what is missing, empty where it can run."""
    if urllib.parse.urlsplit(settings.get("URL", "")).scheme not in ("http", "https"):
        return f"Set {PREFIX}URL to OpsKnight's address."
    if not any(settings.get(name) for name in WAYS):
        return f"Set at least one way to page, such as {PREFIX}NTFY; --help names all."
    if not settings.get("AFTER", "90").replace(".", "", 1).isdigit():
        return f"{PREFIX}AFTER must be a number of seconds."
    if settings.get("MAIL_TO") and not settings.get("SMTP_URL"):
        return f"Set {PREFIX}SMTP_URL, or the mail cannot be sent."
    return ""


def run(arguments: list[str] | None = None) -> int:
    """Watch until told to stop; return an exit code. With --test page once, and say whether that went well."""
    parser = argparse.ArgumentParser(
        prog="watchdog", description="Pages when OpsKnight cannot.", epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--test", action="store_true", help="page once, now, as a test")
    parser.add_argument("--every", type=float, default=ASK_EVERY_S, metavar="S", help="seconds between two looks")
    asked, settings = parser.parse_args(arguments), settings_of(os.environ)
    if missing := complaint(settings):
        print(missing, file=sys.stderr)
        return 2
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what cannot be printed here is paged all the same
    if silent := speak(settings.get("LANGUAGE", "")):
        print(silent, file=sys.stderr)
    if asked.test:
        failed = page(say("Test page from OpsKnight's watchdog; nothing is wrong."), settings)
        print("\n".join(failed) or "The test page went out by every way that is set.")
        return 1 if failed else 0
    watch(settings, every_s=asked.every)
    return 0


def watch(settings: Mapping[str, str], *, every_s: float) -> None:
    """Look again and again, and page what must be paged; what could not be paged is tried with the next look."""
    state = State(good_at=time.monotonic(), blind_after_s=float(settings.get("AFTER") or BLIND_AFTER_S))
    while True:
        why = look(settings["URL"])
        text = state.see(why, time.monotonic())
        if text is not None:
            print(text, flush=True)
            failed = page(text, settings)
            for line in failed:
                print(line, file=sys.stderr, flush=True)
            if failed and why and len(failed) == sum(bool(settings.get(name)) for name in WAYS):
                state.paged_at = None  # nobody has heard it
        time.sleep(every_s)


if __name__ == "__main__":
    try:
        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(130)
