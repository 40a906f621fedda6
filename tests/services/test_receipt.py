"""The receipt carries what was handed in, as a document of that edition and no other."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest

from tests.services.conftest import HAMNEN, NORRBY, House
from workflow.domain.attachments import Limits
from workflow.services import attachments, submissions


def documents(house: House, address: str) -> list[tuple[str, str]]:
    """Name and content of what the last mail to this address carried."""
    sent = [each for each in house.postman.taken if each.recipients[0] == address][-1]
    mail = BytesParser(EmailMessage, policy=default).parsebytes(sent.data)
    return [(part.get_filename() or "", part.get_content().decode()) for part in mail.iter_attachments()]


@pytest.mark.parametrize(
    ("unit", "address", "name", "whose"),
    [
        (NORRBY, "asa.pahittad@norrby.example", "2027-T1-norrby-svar-1.docx", "Norrby stadsdelsnämnd"),
        (HAMNEN, "cleo@hamnen.example", "2027-T1-hamnen-answers-1.docx", "Hamnen AB"),
    ],
)
def test_it_names_the_unit_in_the_readers_language(
    opened: House, unit: str, address: str, name: str, whose: str
) -> None:
    opened.answer(unit)
    opened.submit(unit)
    opened.deliver()
    with opened.read() as work:
        edition = work.editions.of(unit)[0]
    assert documents(opened, address) == [(name, f"copy {whose} 1 {edition.sha256}")]


def test_each_receipt_carries_its_own_edition(opened: House) -> None:
    """Also when the first mail had not left before the second edition came in."""
    opened.answer(NORRBY)
    opened.submit(NORRBY)
    submissions.take_back(opened.db, NORRBY, by="r", secrets=opened.secrets, now=opened.clock.at)
    opened.submit(NORRBY)
    opened.deliver()
    to_asa = [each.data for each in opened.postman.taken if each.recipients[0] == "asa.pahittad@norrby.example"]
    named = [number for data in to_asa for number in (1, 2) if f"norrby-svar-{number}.docx".encode() in data]
    assert sorted(named) == [1, 2]


def test_it_lists_the_attachments_that_came_in(opened: House) -> None:
    opened.answer(NORRBY)
    attachments.add_file(
        opened.db,
        NORRBY,
        "Karta.png",
        b"x" * 1500,
        limits=Limits(),
        documents=opened.documents,
        secrets=opened.secrets,
        by="r",
        now=opened.clock.at,
    )
    opened.submit(NORRBY)
    opened.deliver()
    sent = next(each for each in opened.postman.taken if b"svar-1.docx" in each.data)
    body = BytesParser(EmailMessage, policy=default).parsebytes(sent.data).get_body(("plain",))
    assert body is not None
    assert "BILAGOR\n\n  Karta.png (2 kB)" in body.get_content().replace("\r", "")
