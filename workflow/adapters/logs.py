"""The log: one JSON object per line on stderr, ids only; names, texts, addresses and link tokens never get through."""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor

# Keys whose values are about people, are what people wrote, or open doors.
PERSONAL = re.compile(
    r"(?:.*_)?(?:address|answers?|body|contact|cookie|e?mail|from|name|note|password|phone|query|reason|recipients?"
    r"|secret|sender|subject|text|to|token|url|username)",
    re.IGNORECASE,
)
REMOVED = "[removed]"
_LINK = re.compile(r"(/(?:l|uppgifter)/)[^\s\"'<>?#&/]+")
_MAILBOX = re.compile(r"[^\s\"'<>,;:@=]+@[^\s\"'<>,;:@]+\.[^\s\"'<>,;:@]+")
# What PostgreSQL adds to an error: DETAIL shows the failing row, CONTEXT what was being read. A row may hold line ends
# and anything else that people write, so all is taken away up to Python's own sentences between two tracebacks; they
# are longer than the 64 bytes which PostgreSQL shows of one value.
_ROW = re.compile(
    r"^(?P<lead>[ |+]*(?:\S*Error: )?)(?:DETAIL|CONTEXT|QUERY):.*?"
    r"(?=\n[ |]*\n[ |]*(?:The above exception was the direct cause|During handling of the above exception, another)"
    r"|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PASSWORD = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")


def configure_logging(level: str) -> None:
    """Send structlog's and the standard library's records (Celery, Uvicorn, APScheduler) through the same filter."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_endings()))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("apscheduler", "celery.app.trace", "celery.worker.strategy"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # a line per tick and task says nothing
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash
    threading.excepthook = _log_crash_of_thread


def _log_crash(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An error that nobody caught, as a line of the log instead of Python's own print."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("crash").critical("uncaught", exc_info=(kind, error, trace))


def _log_crash_of_thread(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None and not issubclass(crash.exc_type, SystemExit):
        _log_crash(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _endings() -> list[Processor]:
    return [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        remove_personal,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def remove_personal(_logger: object, _method: str, event: EventDict) -> MutableMapping[str, object]:
    """Hide the values of personal keys (`contact_email` too), tokens and addresses in strings."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: str, value: object) -> object:
    if PERSONAL.fullmatch(key):
        return REMOVED
    if isinstance(value, Mapping):
        return {str(inner): _clean(str(inner), content) for inner, content in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_clean("", content) for content in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return scrub(str(value))


def scrub(text: str) -> str:
    """Return the text without link tokens, passwords in addresses, mail addresses, and rows PostgreSQL speaks of."""
    text = _ROW.sub(rf"\g<lead>{REMOVED}", text)
    text = _PASSWORD.sub(rf"\1{REMOVED}@", _LINK.sub(rf"\1{REMOVED}", text))
    return _MAILBOX.sub(REMOVED, text)
