"""Handing out a file that somebody else made: always saved, never shown or run by the browser."""

from unicodedata import normalize
from urllib.parse import quote

from fastapi.responses import Response

from workflow.domain.attachments import AttachedFile, safe_name

_AS_IS = "application/octet-stream"


def download(file: AttachedFile, data: bytes) -> Response:
    """The file under its own name (RFC 6266), and where a browser cannot read that, in plain letters."""
    letters = normalize("NFKD", file.name).encode("ascii", "ignore").decode()
    # Among them may be what the name was cleared of: a wide quotation mark or slash becomes a plain one.
    plain = safe_name(letters, file.kind).replace("%", "_").replace(";", "_")
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "no-store",
    }
    # Text would be given a charset that nobody knows.
    media_type = _AS_IS if file.media_type.startswith("text/") else file.media_type
    return Response(data, media_type=media_type, headers=headers)
