"""Pictures of a filled-in form on their way to become attachments: they travel with the page that confirms it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from workflow.domain.attachments import MEGABYTE, KindNotAllowedError, Limits
from workflow.ports import FormPicture
from workflow.services.pictures import IN_ANSWER, OUTSIDE, NamedPicture, keep_pictures
from workflow.web.desk import Desk
from workflow.web.forms_in import field, number, visible
from workflow.web.words import error_text, phrase_text, translations

MOST = 100
MAX_BYTES = 6 * MEGABYTE
"""In all: they travel with the page on which the reading is confirmed."""

NO_ROOM = "{file} får inte plats: bilderna i filen är tillsammans större än {limit} MB. Lägg till den under Bilagor."


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture as the page shows and carries it; `packed` is its content in letters."""

    name: str
    about: str
    packed: str
    size: int
    wanted: bool = True


def offered(found: Sequence[FormPicture], limits: Limits, language: str) -> tuple[list[Picture], list[str]]:
    """Those that may go along, named by the question that each answers; and a sentence for each that may not."""
    gettext = translations(language).gettext
    pictures, refused, room = list[Picture](), list[str](), MAX_BYTES
    for each in found:
        name = gettext(IN_ANSWER).format(number=each.question) if each.question else gettext(OUTSIDE)
        if each.refused:
            refused.append(phrase_text(each.refused, language))
        elif each.kind not in limits.kinds:
            refused.append(error_text(KindNotAllowedError(file=name, kinds=", ".join(limits.endings)), language))
        elif len(each.content) > room:
            refused.append(gettext(NO_ROOM).format(file=name, limit=MAX_BYTES // MEGABYTE))
        else:
            room -= len(each.content)
            packed = urlsafe_b64encode(each.content).decode("ascii")
            pictures.append(
                Picture(name=f"{name}.{each.kind}", about=each.about, packed=packed, size=len(each.content))
            )
    return pictures, refused


def carried(form: FormData) -> list[Picture]:
    """The pictures as the confirmation form carries them."""
    return [
        Picture(
            name=visible(field(form, f"picture.{place}.name")),
            about=visible(field(form, f"picture.{place}.about")),
            packed=field(form, f"picture.{place}.data"),
            size=len(_unpacked(field(form, f"picture.{place}.data"))),
            wanted=f"picture.{place}" in form,
        )
        for place in range(1, min(number(form, "pictures", otherwise=0), MOST) + 1)
    ]


def keep(desk: Desk, pictures: Sequence[Picture], language: str) -> list[str]:
    """Let the wanted ones go with the answers; give a sentence for each that could not."""
    house = desk.house
    kept = keep_pictures(
        house.db,
        desk.submission.id,
        [NamedPicture(each.name, _unpacked(each.packed)) for each in pictures if each.wanted],
        limits=house.settings.attachments,
        documents=house.documents,
        secrets=house.secrets,
        by=desk.visitor.recipient.id,
        now=house.now(),
    )
    return [error_text(each.refusal, language) for each in kept if each.refusal]


def _unpacked(packed: str) -> bytes:
    try:
        return urlsafe_b64decode(packed)
    except (Error, ValueError):
        return b""
