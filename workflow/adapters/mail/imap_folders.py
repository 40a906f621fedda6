"""Moving mail between folders of an IMAP server so that nothing is deleted, whatever the server can do."""

import imaplib

from imap_tools.errors import MailboxFolderCreateError
from imap_tools.mailbox import BaseMailBox
from imap_tools.utils import encode_folder


def ensure(box: BaseMailBox, *names: str) -> None:
    """Make the folders that are missing; another process may be making them too."""
    for name in names:
        if not box.folder.exists(name):
            try:
                box.folder.create(name)
            except MailboxFolderCreateError:
                if not box.folder.exists(name):
                    raise
            box.folder.subscribe(name, value=True)


def move(box: BaseMailBox, uid: str, folder: str) -> None:
    """Put one mail into the folder. Moving one that is gone already is no error.

    The library asks for abilities before the login, when servers do not yet tell of MOVE (RFC 6851), and then
    deletes and expunges, which would take other people's half-deleted mail along. Without MOVE the mail is copied
    and marked; the marked one is left to whoever tidies the mailbox.
    """
    if "MOVE" in _abilities(box):
        check(box.client.uid("MOVE", uid, encode_folder(folder).decode("ascii")))
    else:
        box.copy(uid, folder)
        check(box.client.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"))


def _abilities(box: BaseMailBox) -> set[str]:
    told = box.client.capability()[1]
    return set(b" ".join(each for each in told if isinstance(each, bytes)).decode("ascii", "replace").upper().split())


def check(answer: tuple[str, object]) -> None:
    """Raises what the server refuses; that the mail is gone meanwhile (RFC 5530) is no refusal."""
    if answer[0] != "OK" and "[EXPUNGEISSUED]" not in str(answer[1]):
        raise imaplib.IMAP4.error(str(answer[1]))
