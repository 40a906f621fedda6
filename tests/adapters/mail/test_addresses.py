"""What may stand in a header: words come back as they were, from lines that every server takes."""

import re
from base64 import b64decode
from email import message_from_string
from email.policy import SMTP

from hypothesis import given
from hypothesis import strategies as st

from workflow.adapters.mail.addresses import encoded


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=300))
def test_words_of_a_header_come_back_from_short_lines(words: str) -> None:
    line = f"Subject: {encoded(words, field='Subject')}"
    assert all(len(each) <= 76 for each in line.split("\r\n"))
    assert line.isascii()
    read = message_from_string(f"{line}\n\n", policy=SMTP)["Subject"]
    assert str(read) == words
    for word in re.findall(r"=\?utf-8\?b\?([^?]*)\?=", line):
        b64decode(word, validate=True).decode()  # each is whole in itself: RFC 2047 §5
