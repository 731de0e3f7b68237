"""Reports of mail servers about a mail, each in the shape that its kind gives them; the words are ours.

Sources: RFC 3464, Postfix's bounce(5), Exim's specification (bounce and warning messages).
"""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

from tests.peers.smtp import Mail

REFUSED = "550 5.1.1 <{to}>: Recipient address rejected:\n    User unknown in virtual mailbox table"


def by_postfix(mail: Mail, action: str = "failed", status: str = "5.1.1", **said: Any) -> bytes:
    """Return what Postfix writes about `mail` to its return path: `failed`, `delayed`, `relayed` or `delivered`."""
    to = said.get("to", mail.to[0])
    diagnostic = said.get("diagnostic", f"smtp; {REFUSED.format(to=to)}" if action == "failed" else "")
    subject, part, returned = {
        "failed": ("Undelivered Mail Returned to Sender", "Undelivered Message", mail.raw),
        "delayed": ("Delayed Mail (still being retried)", "Undelivered Message Headers", _head(mail)),
    }.get(action, ("Successful Mail Delivery Report", "Message Headers", _head(mail)))
    kind = "message/rfc822" if returned is mail.raw else "text/rfc822-headers"
    until = "Will-Retry-Until: Fri, 4 Dec 2026 12:00:00 +0000 (UTC)\n" if action == "delayed" else ""
    lines = f"""\
Received: by mx.example.org (Postfix)
\tid 4bQx3J21GKz9sQ; Sun, 29 Nov 2026 12:00:01 +0000 (UTC)
Date: Sun, 29 Nov 2026 12:00:01 +0000 (UTC)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: {subject}
To: {mail.sender}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4bQx3J01xkz9sP.1796040001/mx.example.org"
Content-Transfer-Encoding: 8bit
Message-Id: <20261129120001.4bQx3J21GKz9sQ@mx.example.org>

This is a MIME-encapsulated message.

--4bQx3J01xkz9sP.1796040001/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

The mail server mx.example.org tells what became of a mail of yours.

<{to}>: {action}

--4bQx3J01xkz9sP.1796040001/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4bQx3J01xkz9sP
X-Postfix-Sender: rfc822; {mail.sender}
Arrival-Date: Sun, 29 Nov 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{mail.to[0]}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.com
{f"Diagnostic-Code: {diagnostic}" + chr(10) if diagnostic else ""}{until}
--4bQx3J01xkz9sP.1796040001/mx.example.org
Content-Description: {part}
Content-Type: {kind}
Content-Transfer-Encoding: 8bit

"""
    end = b"\n--4bQx3J01xkz9sP.1796040001/mx.example.org--\n"
    return _as_mailed(lines.encode() + returned + end)


def by_exim(mail: Mail) -> bytes:
    """Return what Exim writes about `mail` that another server refused; its status is 5.0.0 whatever that said."""
    to = mail.to[0]
    lines = f"""\
Received: from Debian-exim by mx.example.org with local (Exim 4.96)
\tid 1vPgab-0001cD-2E
\tfor {mail.sender};
\tSun, 29 Nov 2026 12:00:01 +0000
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: {mail.sender}
References: {mail.message["Message-ID"]}
Content-Type: multipart/report; report-type=delivery-status; boundary=1796040001-eximdsn-1804289383
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vPgab-0001cD-2E@mx.example.org>
Date: Sun, 29 Nov 2026 12:00:01 +0000

--1796040001-eximdsn-1804289383
Content-type: text/plain; charset=us-ascii

A mail of yours did not get to one of those whom it was for.

  {to}
    host mail.example.com [192.0.2.25]
    SMTP error from remote mail server after RCPT TO:<{to}>:
    550 5.1.1 <{to}>: User unknown

--1796040001-eximdsn-1804289383
Content-type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Action: failed
Final-Recipient: rfc822;{to}
Status: 5.0.0
Remote-MTA: dns; mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <{to}>: User unknown

--1796040001-eximdsn-1804289383
Content-type: message/rfc822

Return-path: <{mail.sender}>
"""
    return _as_mailed(lines.encode() + mail.raw + b"\n--1796040001-eximdsn-1804289383--\n")


def by_an_old_exim(mail: Mail) -> bytes:
    """Return the same as Exim wrote it before version 4.85: in words, with a header that says who was not reached."""
    to = mail.to[0]
    lines = f"""\
X-Failed-Recipients: {to}
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: {mail.sender}
Subject: Mail delivery failed: returning message to sender
Message-Id: <E1vPgab-0001cD-2E@mx.example.org>
Date: Sun, 29 Nov 2026 12:00:01 +0000

A mail of yours did not get to one of those whom it was for.

  {to}
    SMTP error from remote mail server after RCPT TO:<{to}>:
    550 5.1.1 <{to}>: User unknown

------ A copy of it follows ------

"""
    return _as_mailed(lines.encode() + mail.raw)


def _head(mail: Mail) -> bytes:
    """Return the headers of a mail alone."""
    message = message_from_bytes(mail.raw)
    return "".join(f"{name}: {value}\n" for name, value in message.items()).encode()


def _as_mailed(said: bytes) -> bytes:
    return said.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
