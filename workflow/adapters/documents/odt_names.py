"""The namespaces of OpenDocument 1.3 (part 3), as they stand before names in a parsed tree."""


def _spaced(name: str) -> str:
    return f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"


DRAW = _spaced("drawing")
MANIFEST = _spaced("manifest")
META = _spaced("meta")
OFFICE = _spaced("office")
SCRIPT = _spaced("script")
STYLE = _spaced("style")
SVG = _spaced("svg-compatible")
TABLE = _spaced("table")
TEXT = _spaced("text")
LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
