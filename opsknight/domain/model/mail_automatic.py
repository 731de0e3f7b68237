"""Mails that no monitor meant to send: bounces, answers of machines, and our own that come back.

Sources: RFC 3464 (bounces), RFC 3834 (automatic answers), RFC 5321 §6.3 (loops). They open nothing
and are told to nobody, for what tells of them may be a mail again; they are kept with their reason.
"""

from __future__ import annotations

from typing import Final

from opsknight.domain.model.mail import Mail

OURS: Final = "x-opsknight"
"""The header of every mail that an OpsKnight sends."""
MOST_HOPS: Final = 25
"""Servers that pass on a mail before it must be going round in circles."""

_ANSWERING: Final = ("x-autoreply", "x-autorespond", "x-autoresponder")
_ANSWER_WORDS: Final = (
    "automatic reply", "auto reply", "auto-reply", "autoreply", "out of office", "out of the office", "autosvar",
    "abwesenheitsnotiz", "automatische antwort", "réponse automatique", "respuesta automática",
    "resposta automática", "risposta automatica",
)  # fmt: skip


def why_none_meant_it(mail: Mail, *, ours: str = "") -> str:
    """Return why `mail` is nothing that a monitor meant to tell, in words for a person; "" where it may be.

    `ours` is the address from which we send ourselves.
    """
    answers = mail.headers.get("auto-submitted", "no").split(";")[0].strip().casefold()
    automatic = answers.partition(" ")[0] not in ("", "no")
    if OURS in mail.headers:
        return "OpsKnight sent it itself: a page must not open an incident."
    if mail.hops > MOST_HOPS:
        return f"It goes round in circles: {mail.hops} servers have passed it on."
    if automatic and ours and mail.sender == ours.casefold():
        return "It is an automatic mail from our own address."
    if mail.kind == "multipart/report":
        return "It is a report of a mail server about a mail, a bounce for example."
    if mail.sender.partition("@")[0] == "mailer-daemon":
        return "A mail server wrote it, about a mail that it could not deliver for example."
    if mail.headers.get("return-path") == "<>":
        return "It has no sender to answer to, as bounces have none; let the monitor send with an address."
    return "It is an automatic answer." if _answers(mail, answers, automatic=automatic) else ""


def by_a_machine(mail: Mail, *, ours: str = "") -> str:
    """Return why `mail` is nothing that a person wrote in answer to one of ours, in words; "" where it may be.

    Stricter than of a monitor, which is a machine itself: what says that it was written by one is not answered.
    """
    if reason := why_none_meant_it(mail, ours=ours):
        return reason
    if mail.headers.get("auto-submitted", "no").split(";")[0].strip().casefold() not in ("", "no"):
        return "It was written by a machine."
    if mail.headers.get("precedence", "").strip().casefold() in {"bulk", "junk", "list"} or "list-id" in mail.headers:
        return "It went to many."
    return "It is an automatic answer." if mail.subject.casefold().startswith(_ANSWER_WORDS) else ""


def _answers(mail: Mail, submitted: str, *, automatic: bool) -> bool:
    """Say whether a machine answers another mail with this one; that it was written by a machine is no sign of it."""
    precedence = mail.headers.get("precedence", "").strip().casefold()
    if submitted.startswith("auto-replied") or precedence in {"auto_reply", "auto-reply"}:
        return True
    if any(name in mail.headers for name in _ANSWERING):
        return True
    marked = automatic or precedence in {"bulk", "junk"} or "x-auto-response-suppress" in mail.headers
    return marked and mail.subject.casefold().startswith(_ANSWER_WORDS)
