"""The parts of a mail as bytes: heads by the email library once for each kind, contents by its C routines."""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from functools import lru_cache
from typing import Final

from workflow.domain.messages import Enclosure

_POLICY: Final = SMTP.clone(cte_type="7bit")
_LINE: Final = 76  # RFC 2045 §6.8
_STAND_IN: Final = "stand-in"
_STANDS: Final = f'filename="{_STAND_IN}"'.encode("ascii")  # no media type holds a quotation mark
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")  # never folded, never encoded
_PARAMETER: Final = re.compile(r"\s*;\s*([A-Za-z0-9-]+)=([A-Za-z0-9._-]+)")
_MEDIA_TYPE: Final = re.compile(r"([a-z]+)/([A-Za-z0-9.+-]+)((?:\s*;\s*[A-Za-z0-9-]+=[A-Za-z0-9._-]+)*)")


def text_part(subtype: str, text: str) -> bytes:
    """One body in quoted-printable (RFC 2045 §6.7), any line end as CRLF. Raises ValueError for a lone surrogate."""
    lines = text.encode().splitlines()  # as bytes: only CR, LF and CRLF end a line here
    return _text_head(subtype) + b"".join(map(_quoted, lines or (b"",)))


@lru_cache(maxsize=4096)
def _quoted(line: bytes) -> bytes:
    """Most lines of a mail stand in the next one too; quoted-printable looks at one line at a time."""
    return b2a_qp(line + b"\r\n")


def file_part(enclosure: Enclosure, name: str) -> bytes:
    """One attachment in base64 with the file name `name`. Raises ValueError for what is not a media type."""
    return _file_head(enclosure.media_type, name) + _base64(enclosure.content)


def multipart(subtype: str, boundary: str, parts: Sequence[bytes]) -> bytes:
    """The parts as one (RFC 2046 §5.1.1), beginning with its own Content-Type. The boundary must not be in a part."""
    line = f"--{boundary}\r\n".encode("ascii")
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii")
    return b"".join((head, line, (b"\r\n" + line).join(parts), b"\r\n--", boundary.encode("ascii"), b"--\r\n"))


def _base64(content: bytes) -> bytes:
    whole = b64encode(content)
    lines = [whole[at : at + _LINE] for at in range(0, len(whole), _LINE)]
    return b"\r\n".join([*lines, b""])


@lru_cache(maxsize=8)
def _text_head(subtype: str) -> bytes:
    part = EmailMessage(policy=_POLICY)
    part.set_content("", subtype=subtype, cte="quoted-printable")
    return _head(part)


def _file_head(media_type: str, name: str) -> bytes:
    """A plain name is put where a stand-in stood; any other is folded and encoded by the library (RFC 2231)."""
    if not _PLAIN_NAME.fullmatch(name):
        return _library_head(media_type, name)
    return _library_head(media_type, _STAND_IN).replace(_STANDS, f'filename="{name}"'.encode("ascii"))


@lru_cache(maxsize=1024)
def _library_head(media_type: str, name: str) -> bytes:
    kind = _MEDIA_TYPE.fullmatch(media_type)
    if not kind:
        raise ValueError(f"not a media type: {media_type!r}")
    maintype, subtype, parameters = kind.groups()
    part = EmailMessage(policy=_POLICY)
    part.set_content(
        b"",
        maintype=maintype,
        subtype=subtype,
        disposition="attachment",
        filename=name,
        params=dict(_PARAMETER.findall(parameters)),
    )
    return _head(part)


def _head(part: EmailMessage) -> bytes:
    del part["MIME-Version"]  # said once, for the whole mail (RFC 2045 §4)
    return part.as_bytes().partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
