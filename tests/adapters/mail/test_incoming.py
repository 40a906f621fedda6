import hashlib
import time
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.adapters.mail import mailbag
from tests.adapters.mail.mailbag import ANSWER, BACK, OURS, answer, written
from workflow.adapters.mail.incoming import read_mail
from workflow.domain.incoming import IncomingMail

DOCX = "application", "vnd.openxmlformats-officedocument.wordprocessingml.document"


def test_an_answer_says_who_when_and_what() -> None:
    raw = answer("Hej!\n\nVi behöver till fredag.\n", Delivered_To=ANSWER.upper(), Cc="chef@namnden.example").as_bytes()
    mail = read_mail(raw)
    assert mail.digest == hashlib.sha256(raw).hexdigest()
    assert (mail.sender, mail.sender_name) == ("anna.alm@namnden.example", "Anna Alm")
    assert mail.subject == "Sv: Tertialrapport"
    assert mail.message_id == "<svar-1@namnden.example>"
    assert mail.references == (OURS,)
    assert mail.delivered_to == (ANSWER, "chef@namnden.example")
    assert (mail.automatic, mail.reports, mail.files, mail.left_out) == ("", (), (), ())
    assert mail.text == "Hej!\n\nVi behöver till fredag."


def test_by_whatever_way_it_comes_it_is_the_same_mail() -> None:
    """Servers add lines of their own on each way, and may write the same words in another encoding."""
    plain = answer("Hej!\n\nVi behöver till fredag.\n", Date="Mon, 24 May 2027 10:00:00 +0200")
    plain.add_attachment(b"PK\3\4 word", maintype=DOCX[0], subtype=DOCX[1], filename="ifyllt.docx")
    by_imap = read_mail(b"Return-Path: <a@x.example>\r\nReceived: from mx by imap\r\n" + plain.as_bytes())
    by_lmtp = read_mail(
        b"Delivered-To: c@x.example\r\nReceived: by lmtp\r\n" + plain.as_bytes(), envelope=["c@x.example"]
    )
    recoded = read_mail(plain.as_bytes(policy=policy.default.clone(cte_type="8bit")))
    assert len({each.digest for each in (by_imap, by_lmtp)}) == 2
    assert by_imap.same_case("reply") == by_lmtp.same_case("reply") == recoded.same_case("reply")
    assert by_imap.same_case("reply") != by_imap.same_case("form")
    later = read_mail(plain.as_bytes().replace(b"10:00:00", b"10:00:01"))
    assert later.same_case("reply") != by_imap.same_case("reply")


def test_the_envelope_comes_first() -> None:
    mail = read_mail(answer("Hej", X_Original_To="b@x.example").as_bytes(), envelope=["<C@x.example>"])
    assert mail.delivered_to == ("c@x.example", "b@x.example", ANSWER)


def test_files_come_with_their_names_and_bytes() -> None:
    mail = answer("Här är den ifyllda blanketten.")
    mail.add_attachment(b"PK\3\4 word", maintype=DOCX[0], subtype=DOCX[1], filename="Rapport Hägersten ifylld.docx")
    found = read_mail(mail.as_bytes())
    assert [(each.name, each.content) for each in found.files] == [("Rapport Hägersten ifylld.docx", b"PK\3\4 word")]
    assert found.text == "Här är den ifyllda blanketten."


def test_outlooks_encoded_word_in_a_name_is_read() -> None:
    mail = read_mail(
        written("""
        From: a@x.example
        Content-Type: multipart/mixed; boundary=b

        --b
        Content-Type: application/msword; name="=?utf-8?B?w6VyLmRvY3g=?="
        Content-Disposition: attachment
        Content-Transfer-Encoding: base64

        UEs=
        --b--
        """)
    )
    assert [(each.name, each.content) for each in mail.files] == [("år.docx", b"PK")]


def test_an_enclosed_mail_is_a_file_and_not_entered() -> None:
    inner = answer("Detta är det inre.")
    outer = answer("Se bifogat.")
    outer.add_attachment(inner)
    found = read_mail(outer.as_bytes())
    assert found.text == "Se bifogat."
    assert [each.name for each in found.files] == ["Sv: Tertialrapport.eml"]
    assert "Detta är det inre." in found.files[0].content.decode("utf-8", "replace")


def test_files_beyond_the_limits_are_named_and_not_kept() -> None:
    mail = answer("Bilder")
    for number in range(3):
        mail.add_attachment(bytes(600_000), maintype="image", subtype="png", filename=f"{number}.png")
    found = read_mail(mail.as_bytes(), max_mb=1)
    assert ([each.name for each in found.files], found.left_out) == (["0.png"], ("1.png", "2.png"))


def test_what_was_fetched_in_part_has_words_but_no_half_files() -> None:
    mail = answer("Stor bilaga kommer.")
    mail.add_attachment(bytes(90_000), maintype=DOCX[0], subtype=DOCX[1], filename="stor.docx")
    found = read_mail(mail.as_bytes()[:20_000], whole=False)
    assert (found.sender, found.files) == ("anna.alm@namnden.example", ())
    assert found.text == "Stor bilaga kommer."
    assert "stor.docx" in found.left_out


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        (["From: =?utf-8?q?anna=40namnden.example=2C?= <mallory@x.example>"], "mallory@x.example"),
        (['From: "anna@namnden.example" <mallory@x.example>'], "mallory@x.example"),
        (["From: anna@namnden.example, mallory@x.example"], ""),
        (["From: anna@namnden.example", "From: mallory@x.example"], ""),
        (["From: Anna Alm", "Sender: mallory@x.example"], "mallory@x.example"),
        (["From: =?utf-8?Q?=C3=85sa_=C3=96=2C_n=C3=A4mnden?= <Asa@x.example>"], "asa@x.example"),
        (["From: undisclosed:;"], ""),
        (["From: (anna@namnden.example) mallory@x.example"], "mallory@x.example"),
    ],
)
def test_the_sender_is_the_one_that_a_mail_server_would_check(headers: list[str], sender: str) -> None:
    assert read_mail("\r\n".join([*headers, "", "hej"]).encode()).sender == sender


def test_a_signature_is_no_file_that_somebody_sent() -> None:
    mail = answer("Hej")
    mail.add_attachment(b"...", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert read_mail(mail.as_bytes()).files == ()


# --- texts and quotes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (
            (
                "Vi behöver till fredag.\n\nDen mån 17 maj 2027 kl 08:00 skrev Uppföljning\n"
                "<naringsliv@kommunen.example>:\n\n> Hej Anna!\n> Senast 28 maj.\n"
            ),
            "Vi behöver till fredag.",
        ),
        (
            "We need until Friday.\n\nOn Mon, 17 May 2027 at 08:00, Follow-up <f@kommunen.example> wrote:\n\n> Hi!\n",
            "We need until Friday.",
        ),
        (
            (
                "Går det att få till 3 juni?\n\nMvh Anna\n\nFrån: Uppföljning <n@kommunen.example>\n"
                "Skickat: den 17 maj 2027 08:00\nTill: Anna Alm\nÄmne: Tertialrapport\n\nHej Anna!\nSenast 28 maj.\n"
            ),
            "Går det att få till 3 juni?\n\nMvh Anna",
        ),
        ("Tack!\n\n-----Ursprungligt meddelande-----\nFrån: n\nÄmne: t\n\nHej", "Tack!"),
        ("Tack!\n\n> Hej\n> Senast 28 maj", "Tack!"),
        (
            "Ja.\n\nSkickat från min iPhone\n\n> 17 maj 2027 kl. 08:00 skrev N <n@k.example>:\n>\n> Hej",
            "Ja.\n\nSkickat från min iPhone",
        ),
        ("Ja.\n\nMvh\nAnna\n\n17 maj 2027 kl. 08:00 skrev N <n@k.example>:\n\n> Hej!", "Ja.\n\nMvh\nAnna"),
        (
            "Ja.\n\n-------- Originalmeddelande --------\nFrån: n@k.example\nTill: a@n.example\nRubrik: Dags\n\nHej",
            "Ja.",
        ),
        ("Ja.\n\n" + "_" * 32 + "\nFrån: N\nSkickat: i går\nTill: Anna\nÄmne: Dags\n\nHej Anna!", "Ja."),
        ("Ja.\n\n*Från:* N <n@k.example>\n*Skickat:* i går\n*Till:* Anna\n*Ämne:* Dags\n\nHej Anna!", "Ja."),
    ],
)
def test_the_older_mail_below_is_cut(text: str, own: str) -> None:
    assert read_mail(answer(text).as_bytes()).text == own


@pytest.mark.parametrize(
    "text",
    [
        "Vi lämnar:\n\nFrån: 3 juni\nTill: 5 juni\n\noch sedan resten.",
        "Se mina svar nedan i rött.\n\nFrån: n@kommunen.example\nSkickat: i dag\nTill: Anna\nÄmne: t\n\nFråga 1\nJa.",
        "Den mån 17 maj 2027 kl 08:00 skrev N <n@k.example>:\n> Hinner ni?\nJa, till fredag.\n> Vem svarar?\nAnna.",
        "> Hinner ni?\n\nJa, till fredag.\n\n> Vem svarar?",
        "Som Karin skrev i går:\n\ndet blir fredag.",
        "Tack,\n\n- en lista\n- till\n\nBest,\nmen vi behöver till fredag.",
        "    indragen rad\n\tflik",
        "-- \nAnna, som bara har en underskrift",
    ],
)
def test_a_persons_own_words_are_never_cut(text: str) -> None:
    kept = read_mail(answer(text).as_bytes()).text
    assert [line for line in kept.split("\n") if line.strip()] == [
        line for line in text.strip().split("\n") if line.strip()
    ]


def test_a_mail_in_html_alone_is_read_as_text() -> None:
    mail = EmailMessage()
    mail["From"] = "a@x.example"
    mail.set_content(
        "<html><head><style>p{}</style></head><body><p>Hej!</p><p>Vi beh&ouml;ver<br>till fredag.</p><ul><li>ett</ul>"
        "<div>On Mon, 17 May 2027 at 08:00, N &lt;n@k.example&gt; wrote:<br></div>"
        "<blockquote><p>Hej Anna!</p></blockquote></body></html>",
        subtype="html",
    )
    assert read_mail(mail.as_bytes()).text == "Hej!\n\nVi behöver\ntill fredag.\n\n- ett"


OUTLOOK = """<html xmlns:o="urn:office"><head><style><!-- p.MsoNormal{margin:0} --></style></head><body lang="SV">
<div class="WordSection1"><p class="MsoNormal">Hej!<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p></p>
<p class="MsoNormal">Vi behöver till fredag.<o:p></o:p></p><table><tr><td>Fråga</td><td>2</td></tr></table>
<div><div><p class="MsoNormal"><b>Från:</b> Uppföljning &lt;n@k.example&gt;<br><b>Skickat:</b> den 17 maj 2027<br>
<b>Till:</b> Anna<br><b>Ämne:</b> Dags att svara<o:p></o:p></p></div></div>
<p class="MsoNormal">Hej Anna!</p></div></body></html>"""


def test_what_outlook_writes_in_html_is_read_without_the_older_mail() -> None:
    mail = EmailMessage()
    mail["From"] = "a@x.example"
    mail.set_content(OUTLOOK, subtype="html")
    assert read_mail(mail.as_bytes()).text == "Hej!\n\nVi behöver till fredag.\n\nFråga 2"


# --- machines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "Auto-Submitted: auto-replied"),
        ({"Auto_Submitted": "auto-generated; owner-email=x@y.example"}, "Auto-Submitted: auto-generated"),
        ({"Precedence": "Bulk"}, "Precedence: bulk"),
        ({"X_Autoreply": "yes"}, "X-Autoreply"),
        ({"X_Autorespond": "Re: rapport"}, "X-Autorespond"),
        ({"List_Id": "Nytt <nytt.namnden.example>"}, "List-Id"),
        ({"Return_Path": "<>"}, "Return-Path: <>"),
    ],
)
def test_signs_of_a_machine(headers: dict[str, str], why: str) -> None:
    assert read_mail(answer("Jag är borta.", **headers).as_bytes()).automatic == why


@pytest.mark.parametrize(
    "subject",
    [
        "Autosvar: Tertialrapport",
        "Automatiskt svar: Tertialrapport",
        "Automatic reply: Tertialrapport",
        "Frånvaro: Re: Tertialrapport",
        "Frånvaromeddelande",
        "Out of Office: tillbaka 1 juni",
        "Out of the office",
        "Ej på plats",
    ],
)
def test_subjects_of_a_machine(subject: str) -> None:
    assert read_mail(answer("Jag är borta.", subject=subject).as_bytes()).automatic.startswith("Subject: ")


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Sv: Tertialrapport", {"X_Auto_Response_Suppress": "All"}),
        ("Sv: Tertialrapport", {"Auto_Submitted": "no"}),
        ("Sv: Tertialrapport", {"Precedence": "normal", "Return_Path": "<anna.alm@namnden.example>"}),
        ("Frånvaro nästa vecka, behöver mer tid", {}),
        ("Semesterperioden och tertialrapporten", {}),
        ("Re: Automatiskt svar: Tertialrapport", {}),
        ("Autosvarsfunktionen fungerar inte", {}),
    ],
)
def test_people_are_no_machines(subject: str, headers: dict[str, str]) -> None:
    assert read_mail(answer("Hej", subject=subject, **headers).as_bytes()).automatic == ""


def test_a_calendars_accepted_is_a_machines() -> None:
    mail = answer("Accepterad", subject="Accepterad: Sista dag")
    mail.add_alternative(
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR\n", subtype="calendar", params={"method": "REPLY"}
    )
    assert read_mail(mail.as_bytes()).automatic == "text/calendar; method=REPLY"


# --- reports --------------------------------------------------------------------------------------------------------


def told(mail: IncomingMail) -> list[tuple[str, str, str]]:
    return [(each.action, each.status, each.recipient) for each in mail.reports]


@pytest.mark.parametrize(
    ("raw", "reports"),
    [
        (mailbag.POSTFIX, [("failed", "5.1.1", "anna.alm@namnden.example")]),
        (
            mailbag.EXCHANGE,
            [("failed", "5.2.2", "bertil.berg@namnden.example"), ("delayed", "4.4.7", "cecilia.cruz@namnden.example")],
        ),
        (mailbag.EXIM, [("failed", "5.7.1", "david.dahl@bolaget.example")]),
        (mailbag.GMAIL, [("delayed", "4.4.1", "eva.ek@bolaget.example")]),
        (mailbag.QMAIL, [("failed", "5.1.1", "filip.fors@stiftelsen.example")]),
    ],
    ids=["postfix", "exchange", "exim", "gmail", "qmail"],
)
def test_reports_of_the_usual_servers(raw: bytes, reports: list[tuple[str, str, str]]) -> None:
    mail = read_mail(raw)
    assert told(mail) == reports
    assert {each.message_id for each in mail.reports} == {OURS}
    assert BACK in mail.delivered_to
    assert mail.automatic
    assert mail.files == () or [each.media_type for each in mail.files] == ["message/rfc822"]


def test_what_the_server_said_is_kept() -> None:
    report = read_mail(mailbag.POSTFIX).reports[0]
    assert report.diagnostic == "550 5.1.1 <anna.alm@namnden.example>: user unknown"


def test_a_read_receipt_reports_nothing_and_is_a_machines() -> None:
    mail = read_mail(mailbag.RECEIPT)
    assert (mail.reports, mail.automatic, mail.subject) == ((), "multipart/report", "Läst: Tertialrapport")


def test_a_person_who_quotes_a_bounce_reports_nothing() -> None:
    quoting = "Jag fick det här, vad betyder det?\n\n" + mailbag.QMAIL.decode().replace("\r\n", "\n")
    assert read_mail(answer(quoting).as_bytes()).reports == ()


# --- what nobody should send ----------------------------------------------------------------------------------------


def test_eight_bit_headers_and_wrong_charsets_are_read_as_far_as_they_go() -> None:
    raw = "From: Åsa <a@x.example>\r\nSubject: Räksmörgås\r\nContent-Type: text/plain; charset=nonsense\r\n\r\nåäö\x00"
    for encoded in (raw.encode("utf-8"), raw.encode("latin-1")):
        mail = read_mail(encoded)
        assert (mail.subject, mail.sender_name, mail.text) == ("Räksmörgås", "Åsa", "åäö")


@pytest.mark.parametrize("raw", [b"", b"\0\0\0", b"\r\n\r\n", b"From\r\n", b"From: \xff\xfe\r\n", b":" * 1000])
def test_garbage_is_a_mail_of_which_little_is_known(raw: bytes) -> None:
    assert read_mail(raw).sender == ""


def nested(depth: int) -> bytes:
    lines = [b"From: a@x.example"]
    for level in range(depth):
        lines += [b'Content-Type: multipart/mixed; boundary="b%d"' % level, b"", b"--b%d" % level]
    return b"\r\n".join([*lines, b"", b"hej"])


BOMBS = {
    "nested parts": nested(2_000),
    "nested mails": b"From: a@x.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + b"hej",
    "many parts": b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * 300_000,
    "many headers": b"From: a@x.example\r\n" + b"X: y\r\n" * 500_000 + b"\r\nhej",
    "long header": b"From: a@x.example\r\nTo: " + b"a@x.example, " * 300_000 + b"\r\n\r\nhej",
    "headers of a part": b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    + b"X: y\r\n" * 500_000,
    "long parameters": b"From: a@x.example\r\nContent-Type: text/plain" + b"; a=b" * 200_000 + b"\r\n\r\nhej",
    "quotes": b"From: a@x.example\r\n\r\n" + b"On On On skrev " * 100_000,
    "headings": b"From: a@x.example\r\n\r\n" + b"From: a\r\nTill: b\r\n> From: c\r\n" * 50_000,
    "wrote": b"From: a@x.example\r\n\r\n" + (b"Den On " + b"a skrev " * 200 + b"\r\n") * 2_000,
    "html": b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<!a <b " * 300_000,
    "deep html": b"From: a@x.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 300_000,
    "bounce": b"From: mailer-daemon@x.example\r\nReturn-Path: <>\r\n\r\n" + b"<a@x.example> failed 550\r\n" * 100_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_mail_built_to_cost_much_costs_little(bomb: bytes) -> None:
    began = time.process_time()
    mail = read_mail(bomb)
    assert time.process_time() - began < 5
    assert mail.sender in {"a@x.example", "mailer-daemon@x.example"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=2_000))
def test_no_bytes_make_it_raise(raw: bytes) -> None:
    assert read_mail(raw).digest == hashlib.sha256(raw).hexdigest()


HARMFUL = st.sampled_from(
    [
        b"\0",
        b"\xff",
        b"\r\n",
        b"\n\n",
        b"=?",
        b"?=",
        b"<",
        b">",
        b'"',
        b";",
        b"(",
        b"@",
        b"--",
        b"\x80" * 9,
        b"boundary=",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(mailbag.ALL), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), HARMFUL), max_size=8))
def test_no_damaged_mail_makes_it_raise(raw: bytes, damages: list[tuple[float, int, bytes]]) -> None:
    for where, dropped, put in damages:
        at = int(where * len(raw))
        raw = raw[:at] + put + raw[at + dropped :]
    mail = read_mail(raw)
    kept = repr(mail)
    kept.encode()  # no lone surrogate anywhere
    assert "\\x00" not in kept.replace(repr(mail.files), "")
