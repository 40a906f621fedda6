"""The gathered report for other programs: canonical JSON, everything the bundle holds."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from json import dumps

from workflow.domain.bundles import Bundle

SCHEMA = "urn:tertial:bundle:1"


def json_report(bundle: Bundle) -> bytes:
    """UTF-8 JSON with sorted keys, two spaces of indent and a final newline; instants are ISO 8601 in UTC (…Z)."""
    content = {"schema": SCHEMA, "draft": bundle.is_draft, "bundle": _plain(bundle)}
    return (dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
