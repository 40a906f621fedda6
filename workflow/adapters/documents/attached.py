"""Lets an attachment in: its name says a kind, what is in it must bear that out, and nothing in it may run or fetch."""

from collections.abc import Callable, Collection, Mapping
from io import BytesIO
from types import MappingProxyType
from zipfile import is_zipfile

from workflow.adapters.documents import attached_refusals as why
from workflow.adapters.documents import refusals
from workflow.adapters.documents.attached_images import check_jpeg, check_png
from workflow.adapters.documents.attached_office import check_office
from workflow.adapters.documents.attached_pdf import check_pdf
from workflow.adapters.documents.attached_text import check_csv, check_text
from workflow.adapters.documents.safe_xml import Refusal
from workflow.domain.attachments import KINDS, AttachmentRefusedError, KindNotAllowedError, ending_of

_PACKED = frozenset({"docx", "xlsx", "pptx", "odt", "ods"})
_ALONE: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {"pdf": check_pdf, "png": check_png, "jpg": check_jpeg, "csv": check_csv, "txt": check_text}
)
_WORDS = MappingProxyType(  # the guards speak of the Word form; of an attachment other things are to be done
    {
        refusals.EMPTY: why.EMPTY,
        refusals.NOT_WORD: why.NOT_THAT_KIND,
        refusals.OTHER_FORMAT: why.NOT_THAT_KIND,
        refusals.LOCKED: why.LOCKED,
        refusals.MACROS: why.MACROS,
        refusals.EMBEDDED: why.EMBEDDED,
        refusals.EXTERNAL: why.EXTERNAL,
        refusals.DAMAGED: why.DAMAGED,
        refusals.TOO_BIG: why.TOO_BIG,
        refusals.UNSAFE: why.DAMAGED,
    }
)


def attachment_kind(data: bytes, *, name: str, kinds: Collection[str]) -> str:
    """The kind of the file. Raises KindNotAllowedError, AttachmentRefusedError."""
    kind = ending_of(name)
    if kind not in kinds or kind not in KINDS:
        raise KindNotAllowedError(file=name, kinds=", ".join(each for each in KINDS if each in kinds))
    try:
        _check(data, kind)
    except Refusal as refusal:
        said = str(refusal)
        raise AttachmentRefusedError(file=name, why=_WORDS.get(said, said)) from refusal
    return kind


def _check(data: bytes, kind: str) -> None:
    if not data:
        raise Refusal(why.EMPTY)
    if kind in _PACKED:
        check_office(data, kind)
        return
    if is_zipfile(BytesIO(data)):  # a picture or text that is an archive too is meant for somebody else
        raise Refusal(why.NOT_THAT_KIND)
    _ALONE[kind](data)
