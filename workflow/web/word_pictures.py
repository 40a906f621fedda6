"""Pictures of a filled-in form on their way to become attachments: they travel with the page that confirms it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData

from workflow.domain.errors import RefusedError
from workflow.ports import FormPicture
from workflow.services import attachments
from workflow.web.desk import Desk
from workflow.web.forms_in import field, number, visible
from workflow.web.words import error_text, translations

MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture as the page shows and carries it; `packed` is its content in letters."""

    name: str
    about: str
    packed: str
    size: int
    wanted: bool = True


def offered(found: Sequence[FormPicture], language: str) -> list[Picture]:
    """Named by the question that each answers."""
    gettext = translations(language).gettext
    return [
        Picture(
            name=f"{gettext('Bild, fråga {number}').format(number=each.question) if each.question else gettext('Bild')}"
            f".{each.kind}",
            about=each.about,
            packed=urlsafe_b64encode(each.content).decode("ascii"),
            size=len(each.content),
        )
        for each in found
    ]


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
    house, problems = desk.house, []
    for each in (each for each in pictures if each.wanted):
        try:
            attachments.add_file(
                house.db,
                desk.submission.id,
                each.name,
                _unpacked(each.packed),
                limits=house.settings.attachments,
                documents=house.documents,
                secrets=house.secrets,
                by=desk.visitor.recipient.id,
                now=house.now(),
            )
        except RefusedError as error:
            problems.append(error_text(error, language))
    return problems


def _unpacked(packed: str) -> bytes:
    try:
        return urlsafe_b64decode(packed)
    except (Error, ValueError):
        return b""
