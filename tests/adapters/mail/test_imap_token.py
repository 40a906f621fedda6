"""Logging in to the inbox with a bearer token; a server of a few lines hears what is said."""

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from workflow.adapters.mail.imap import ImapInbox, InboxUnreachableError


@contextmanager
def listening_to_one() -> Iterator[tuple[int, list[bytes]]]:
    """A server that asks for the token, and lets nobody in; gives its port and what it was told."""
    told: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = Thread(target=_refuse, args=(door, told))
        thread.start()
        yield door.getsockname()[1], told
        thread.join(10)


def _refuse(door: socket.socket, told: list[bytes]) -> None:
    client, _ = door.accept()
    with client, client.makefile("rwb", buffering=0) as talk:
        talk.write(b"* OK here\r\n")
        while line := talk.readline():
            tag, command = line.split()[:2]
            if command == b"CAPABILITY":
                talk.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n" + tag + b" OK done\r\n")
            elif command == b"AUTHENTICATE":
                talk.write(b"+ \r\n")
                told.append(base64.b64decode(talk.readline()))
                talk.write(tag + b" NO the token has expired\r\n")
            else:
                talk.write(b"* BYE\r\n" + tag + b" OK done\r\n")


def inbox(port: int, token: Path) -> ImapInbox:
    return ImapInbox("127.0.0.1", port, security="none", user="n@kommunen.example", oauth_token_file=str(token))


def test_the_token_is_read_at_the_login_and_the_refusal_is_said(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc.def\n", encoding="ascii")
    with listening_to_one() as (port, told), pytest.raises(InboxUnreachableError, match="the token has expired"):
        inbox(port, tmp_path / "token").fetch(lambda _: None)
    assert told == [b"user=n@kommunen.example\x01auth=Bearer abc.def\x01\x01"]


def test_a_token_that_is_missing_is_said_by_its_setting(tmp_path: Path) -> None:
    with listening_to_one() as (port, told), pytest.raises(InboxUnreachableError, match="IMAP_OAUTH_TOKEN_FILE"):
        inbox(port, tmp_path / "gone").fetch(lambda _: None)
    assert told == []


def test_no_password_is_in_a_repr() -> None:
    assert "hush" not in repr(ImapInbox("imap.example", 993, user="n", password="hush"))
