"""What mail servers report of a mail: that it could not be delivered, that it arrived, or that it takes its time.

Sources: RFC 3464 (reports), RFC 3463 (their codes), RFC 6533 (reports about addresses in any script), Exim's
specification (X-Failed-Recipients, in what it wrote before it knew reports). Forgiving as whatever reads mails.
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum
from typing import Any, Final, cast

from opsknight.domain.model.mail import kind_of, parts_of, read_mail, taken_apart, undecoded
from opsknight.domain.model.mail_text import of_header

RECIPIENTS_AT_MOST: Final = 100
"""Groups of fields that are read of one report."""
GONE: Final = frozenset({"5.1.1", "5.1.3", "5.1.6", "5.1.10"})
"""Codes by which an address itself is dead: no such mailbox, no address at all, moved without a trace, no mail there.

Not 5.2.1, which large providers say of one who gets too much for the moment, nor 5.1.2, which a fault of DNS makes.
"""
_REPORTS: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_CODE: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_VAGUE: Final = re.compile(r"|[245]\.0\.0")
_REFUSAL: Final = re.compile(r"^[ \t]*((?:5\d\d)[ -].*)$", re.MULTILINE)
_DELAYED: Final = re.compile(r"\b(?:delay(?:ed)?|warning)\b", re.IGNORECASE)
"""In the subject of what is no report by its form, and names those who were not reached yet in the same header."""
_TYPED: Final = re.compile(r"[A-Za-z0-9-]+[ \t]*;[ \t]*")
_BLANK: Final = re.compile(r"\n[ \t]*\n")


class Became(StrEnum):
    """What became of a mail."""

    DELIVERED = "delivered"
    FAILED = "failed"
    UNDER_WAY = "under way"


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says: what became of the mail, in words for a person, and which addresses are dead."""

    became: Became
    detail: str = ""
    gone: frozenset[str] = frozenset()

    def buries(self, address: str) -> bool:
        """Say whether `address` is dead by this report. What was passed on from there may be, and the address not."""
        local, _, domain = address.strip().casefold().rpartition("@")
        try:
            written = domain.encode("idna").decode()  # as mail servers write it
        except UnicodeError:
            written = domain
        return not self.gone.isdisjoint({f"{local}@{domain}", f"{local}@{written}"})


@dataclass(frozen=True, slots=True)
class _Recipient:
    """What a report says of one recipient."""

    action: str
    address: str
    status: str
    diagnostic: str

    @property
    def code(self) -> str:
        """The code that tells most: Exim writes 5.0.0 of everything, and the code within the other server's words."""
        if not _VAGUE.fullmatch(self.status):
            return self.status
        found = _CODE.search(self.diagnostic)
        return found[1] if found else self.status


def read_report(raw: bytes) -> Report | None:
    """Return what a mail server reports in a mail, None where it is no report. Never raises.

    A mail that reached anybody has arrived, whatever became of it elsewhere. “Relayed” and “expanded” say only that
    it was passed on to where nobody reports, as “delayed” says that it was not yet: a failure may follow any of them.
    """
    message = taken_apart(raw)
    recipients = list(_recipients(message))
    if not recipients:
        return _of_exim(raw, message)
    if any(one.action == "delivered" for one in recipients):
        return Report(Became.DELIVERED)
    failed = [one for one in recipients if one.action == "failed"]
    if not failed:
        return Report(Became.UNDER_WAY)
    gone = frozenset(one.address for one in failed if one.address and one.code in GONE)
    return Report(Became.FAILED, _words(failed[0]), gone)


def _recipients(message: Message) -> Iterator[_Recipient]:
    """Yield what the groups of fields in a report say that are about a recipient."""
    for part in parts_of(message):
        if kind_of(part) not in _REPORTS or not part.is_multipart():
            continue
        for fields in _groups(cast("Sequence[Message]", part.get_payload())):
            if "action" in fields:
                yield _Recipient(
                    action=fields["action"].partition("(")[0].strip().casefold(),
                    address=_untyped(fields.get("final-recipient", "")).strip(" <>").casefold(),
                    status=(_CODE.search(fields.get("status", "")) or [""])[0],
                    diagnostic=_untyped(fields.get("diagnostic-code", "")),
                )


def _groups(found: Sequence[Message]) -> Iterator[Mapping[str, str]]:
    """Yield each group of fields; the parser has taken them apart, or left all but the first as a text."""
    for group in found[:RECIPIENTS_AT_MOST]:
        yield _fields(group)
        rest: Any = group.get_payload()
        if isinstance(rest, str):
            for chunk in _BLANK.split(rest.replace("\r\n", "\n"))[:RECIPIENTS_AT_MOST]:
                yield _fields(email.message_from_string(chunk.strip("\n")))


def _fields(group: Message) -> Mapping[str, str]:
    return {name: of_header(value) for name, value in undecoded(group).items()}


def _untyped(value: str) -> str:
    """Return a value without the word before it that says of what kind it is: `rfc822; ada@example.com`."""
    typed = _TYPED.match(value)
    return value[typed.end() :] if typed else value


def _words(failed: _Recipient) -> str:
    if failed.diagnostic:
        return f"The mail came back: {failed.diagnostic}"[:500]
    return f"The mail came back with the code {failed.code}." if failed.code else "The mail came back."


def _of_exim(raw: bytes, message: Message) -> Report | None:
    """Read a report in words only, as older mail servers write them, where a header names who was not reached."""
    address = undecoded(message).get("x-failed-recipients", "").partition(",")[0].strip().casefold()
    if not address:
        return None
    letter = read_mail(raw)
    if _DELAYED.search(letter.subject):
        return Report(Became.UNDER_WAY)
    refusal = _REFUSAL.search(letter.text)
    failed = _Recipient("failed", address, "", refusal[1].strip() if refusal else "")
    return Report(Became.FAILED, _words(failed), frozenset({address} if failed.code in GONE else ()))
