"""Finds the shipped files (config/, email_templates/), installed or not, a site's own in front."""

from dataclasses import dataclass
from pathlib import Path

from workflow.domain.errors import TertialError

_PACKAGE = Path(__file__).resolve().parent
_SHIPPED = (_PACKAGE / "_files", _PACKAGE.parent)  # a wheel carries them inside, a checkout beside the package


class ResourceMissingError(TertialError):
    """A file that the product needs is nowhere; the message lists every place that was looked at."""

    sentence = "{wanted} finns inte. Letade i: {looked}"


@dataclass(frozen=True, slots=True)
class Resources:
    """Where files are looked for: a site's own folder first, file by file, then what the product ships."""

    override_config: Path | None = None
    override_templates: Path | None = None

    def config(self, *parts: str) -> Path:
        """Return an existing file or folder under config/, or raise ResourceMissingError."""
        return _first_existing(_roots("config", self.override_config), parts)

    def template(self, *parts: str) -> Path:
        """Return an existing file or folder under email_templates/, or raise ResourceMissingError."""
        return _first_existing(self.template_roots(), parts)

    def template_roots(self) -> tuple[Path, ...]:
        """Return the folders of mail templates that exist, the one that wins first."""
        return tuple(root for root in _roots("email_templates", self.override_templates) if root.is_dir())


def _roots(folder: str, override: Path | None) -> tuple[Path, ...]:
    own = (override,) if override else ()
    return own + tuple(shipped / folder for shipped in _SHIPPED)


def _first_existing(roots: tuple[Path, ...], parts: tuple[str, ...]) -> Path:
    for root in roots:
        found = root.joinpath(*parts)
        if found.exists():
            return found
    wanted = "/".join(parts) or "mappen"
    raise ResourceMissingError(wanted=wanted, looked=", ".join(str(root / wanted) for root in roots))
