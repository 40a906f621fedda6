"""Mails as the world writes them: answers, reports of four kinds of server, machines that answer for people."""

from email.message import EmailMessage
from textwrap import dedent

OURS = "<m-17@stadsledningskontoret.example>"
BACK = "naringsliv+b-17.abcdef@stadsledningskontoret.example"
ANSWER = "naringsliv+s-17.abcdef@stadsledningskontoret.example"


def written(text: str) -> bytes:
    """A mail as it stands on the page, with the line ends of the wire."""
    return dedent(text).lstrip("\n").replace("\n", "\r\n").encode()


def answer(text: str, *, subject: str = "Sv: Tertialrapport", html: str = "", **headers: str) -> EmailMessage:
    """What a person writes back; the names of headers with _ for -."""
    mail = EmailMessage()
    mail["From"] = "Anna Alm <Anna.Alm@namnden.example>"
    mail["To"] = f"Uppföljning näringsliv <{ANSWER}>"
    mail["Subject"] = subject
    mail["Message-ID"] = "<svar-1@namnden.example>"
    mail["In-Reply-To"] = OURS
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


POSTFIX = written(f"""
    Return-Path: <>
    Delivered-To: {BACK}
    Date: Mon, 17 May 2027 08:00:07 +0200 (CEST)
    From: MAILER-DAEMON@relay.example (Mail Delivery System)
    Subject: Undelivered Mail Returned to Sender
    To: {BACK}
    Auto-Submitted: auto-replied
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status;
    \tboundary="5C3D1.1810/relay.example"
    Message-Id: <20270517060007.5C3D1@relay.example>

    This is a MIME-encapsulated message.

    --5C3D1.1810/relay.example
    Content-Description: Notification
    Content-Type: text/plain; charset=us-ascii

    <anna.alm@namnden.example>: host mx.namnden.example[192.0.2.7] said: 550 5.1.1
        <anna.alm@namnden.example>: user unknown (in reply to RCPT TO command)

    --5C3D1.1810/relay.example
    Content-Description: Delivery report
    Content-Type: message/delivery-status

    Reporting-MTA: dns; relay.example
    X-Postfix-Queue-ID: 5C3D1
    Arrival-Date: Mon, 17 May 2027 08:00:06 +0200 (CEST)

    Final-Recipient: rfc822; anna.alm@namnden.example
    Original-Recipient: rfc822;Anna.Alm@namnden.example
    Action: failed
    Status: 5.1.1
    Remote-MTA: dns; mx.namnden.example
    Diagnostic-Code: smtp; 550 5.1.1 <anna.alm@namnden.example>: user
        unknown

    --5C3D1.1810/relay.example
    Content-Description: Undelivered Message Headers
    Content-Type: text/rfc822-headers

    Message-ID: {OURS}
    Subject: Tertialrapport

    --5C3D1.1810/relay.example--
""")

EXCHANGE = written(f"""
    From: <postmaster@namnden.example>
    To: <{BACK}>
    Date: Mon, 17 May 2027 06:00:08 +0000
    Subject: =?utf-8?B?S2FuIGludGUgbGV2ZXJlcmFzOiBUZXJ0aWFscmFwcG9ydA==?=
    Content-Type: multipart/report; report-type=delivery-status; boundary="_x_"
    Message-ID: <ndr-1@namnden.example>
    In-Reply-To: {OURS}
    X-Auto-Response-Suppress: All
    MIME-Version: 1.0

    --_x_
    Content-Type: multipart/alternative; differences=Content-Type; boundary="_y_"

    --_y_
    Content-Type: text/plain; charset="utf-8"
    Content-Transfer-Encoding: 8bit

    Det gick inte att leverera till följande mottagare: bertil.berg@namnden.example

    --_y_
    Content-Type: text/html; charset="utf-8"

    <p>Det gick inte att leverera.</p>

    --_y_--
    --_x_
    Content-Type: message/delivery-status

    Reporting-MTA: dns;EX1.namnden.example
    Received-From-MTA: dns;relay.example

    Final-Recipient: rfc822;bertil.berg@namnden.example
    Action: failed
    Status: 5.2.2
    Diagnostic-Code: smtp;554 5.2.2 mailbox full; STOREDRV.Deliver.Exception:QuotaExceededException

    Final-Recipient: rfc822;cecilia.cruz@namnden.example
    Action: delayed
    Status: 4.4.7

    --_x_
    Content-Type: message/rfc822

    From: naringsliv@stadsledningskontoret.example
    Message-ID: {OURS}
    Subject: Tertialrapport

    Hej!

    --_x_--
""")

EXIM = written(f"""
    Return-path: <>
    From: Mail Delivery System <Mailer-Daemon@mx.bolaget.example>
    To: {BACK}
    Auto-Submitted: auto-replied
    X-Failed-Recipients: david.dahl@bolaget.example
    Subject: Mail delivery failed: returning message to sender
    Message-Id: <E1x-0003@mx.bolaget.example>
    Content-Type: text/plain; charset=us-ascii

    This message was created automatically by mail delivery software.

    A message that you sent could not be delivered to one or more of its
    recipients. This is a permanent error. The following address(es) failed:

      david.dahl@bolaget.example
        host mx2.bolaget.example [192.0.2.9]
        SMTP error from remote mail server after RCPT TO:<david.dahl@bolaget.example>:
        550 5.7.1 relaying denied

    ------ This is a copy of the message, including all the headers. ------

    From: naringsliv@stadsledningskontoret.example
    Message-ID: {OURS}
    Subject: Tertialrapport

    Hej!
""")

GMAIL = written(f"""
    Return-Path: <>
    From: Mail Delivery Subsystem <mailer-daemon@googlemail.example>
    To: {BACK}
    Auto-Submitted: auto-replied
    Subject: Delivery Status Notification (Delay)
    References: {OURS}
    In-Reply-To: {OURS}
    X-Failed-Recipients: eva.ek@bolaget.example
    Message-ID: <6641.gmr@mx.googlemail.example>
    Content-Type: multipart/report; boundary="0000a1"; report-type=delivery-status

    --0000a1
    Content-Type: text/plain; charset="UTF-8"

    There was a temporary problem delivering your message. Gmail will retry for 45 more hours.

    --0000a1
    Content-Type: message/delivery-status

    Reporting-MTA: dns; googlemail.example
    Arrival-Date: Mon, 17 May 2027 01:00:00 -0700 (PDT)
    X-Original-Message-ID: {OURS}

    Final-Recipient: rfc822; eva.ek@bolaget.example
    Action: delayed
    Status: 4.4.1
    Diagnostic-Code: smtp; The recipient server did not accept our requests to connect.

    --0000a1
    Content-Type: message/rfc822

    Message-ID: {OURS}
    Subject: Tertialrapport

    Hej!
    --0000a1--
""")

QMAIL = written(f"""
    Return-Path: <>
    From: MAILER-DAEMON@mx.stiftelsen.example
    To: {BACK}
    Subject: failure notice

    Hi. This is the qmail-send program at mx.stiftelsen.example.
    I'm afraid I wasn't able to deliver your message to the following addresses.
    This is a permanent error; I've given up. Sorry it didn't work out.

    <filip.fors@stiftelsen.example>:
    Sorry, no mailbox here by that name. (#5.1.1)

    --- Below this line is a copy of the message.

    Message-ID: {OURS}
    Subject: Tertialrapport

    Hej!
""")

RECEIPT = written(f"""
    From: Anna Alm <anna.alm@namnden.example>
    To: {ANSWER}
    Subject: =?iso-8859-1?Q?L=E4st=3A_Tertialrapport?=
    Content-Type: multipart/report; report-type=disposition-notification; boundary=q

    --q
    Content-Type: text/plain

    Meddelandet har visats.
    --q
    Content-Type: message/disposition-notification

    Final-Recipient: rfc822;anna.alm@namnden.example
    Original-Message-ID: {OURS}
    Disposition: manual-action/MDN-sent-manually; displayed
    --q--
""")

ALL = (POSTFIX, EXCHANGE, EXIM, GMAIL, QMAIL, RECEIPT, answer("Hej!\n\nVi behöver till fredag.\n").as_bytes())
