import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
import structlog

from workflow.adapters.logs import configure_logging, remove_personal, scrub


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(captured: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    out, err = captured.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_one_json_object_per_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    structlog.get_logger().info("mail.sent", message_id=17, attempt=2)
    structlog.get_logger().debug("not at this level")
    (line,) = lines(capsys)
    assert {"event": "mail.sent", "message_id": 17, "attempt": 2, "level": "info"}.items() <= line.items()
    assert str(line["timestamp"]).endswith("Z")


def test_library_records_pass_the_same_filter(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    logging.getLogger("uvicorn.access").info('%s - "GET %s HTTP/1.1" %d', "127.0.0.1", "/l/7.hemlig-nyckel?x=1", 200)
    logging.getLogger("celery").warning("connecting to redis://:nyckel@redis:6379/0 for anna@namnden.example")
    access, celery = lines(capsys)
    assert access["event"] == '127.0.0.1 - "GET /l/[removed]?x=1 HTTP/1.1" 200'
    assert celery["event"] == "connecting to redis://:[removed]@redis:6379/0 for [removed]"


def test_error_keeps_its_traceback_without_tokens(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    try:
        int("no link /l/7.hemlig-nyckel for anna@namnden.example")
    except ValueError:
        structlog.get_logger().exception("link.failed")
    (line,) = lines(capsys)
    assert "ValueError: invalid literal for int() with base 10: 'no link /l/[removed] for [removed]'" in str(
        line["exception"]
    )


@pytest.mark.parametrize(
    "key", ["email", "name", "text", "token", "contact_email", "Reset_Token", "recipients", "body"]
)
def test_personal_keys_are_hidden(key: str) -> None:
    assert remove_personal(None, "info", {"event": "x", key: "Anna"}) == {"event": "x", key: "[removed]"}


@pytest.mark.parametrize("key", ["unit", "submission_id", "round", "state", "logger", "filename_count", "context"])
def test_other_keys_stay(key: str) -> None:
    assert remove_personal(None, "info", {"event": "x", key: "value"})[key] == "value"


def test_nested_values_are_cleaned_too() -> None:
    event = {"event": "x", "row": {"id": 3, "name": "Anna"}, "links": ["/uppgifter/abc", ("/l/def", None)]}
    assert remove_personal(None, "info", event) == {
        "event": "x",
        "row": {"id": 3, "name": "[removed]"},
        "links": ["/uppgifter/[removed]", ["/l/[removed]", None]],
    }


def test_scrub_leaves_ordinary_paths() -> None:
    assert scrub("GET /login /lista/ab /healthz") == "GET /login /lista/ab /healthz"


ROW = (
    'psycopg.errors.NotNullViolation: null value in column "version" violates not-null constraint\n'
    "DETAIL:  Failing row contains (2027-T1.norrby, Kanariefågel\n"
    "HINT: [SQL: hemlig rad, null).\n"
    "\n"
    "Traceback kanarie.\n"
)
BETWEEN = (
    "\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n"
)


def test_rows_that_postgresql_speaks_of_are_left_out() -> None:
    said = scrub(ROW + BETWEEN + "sqlalchemy.exc.IntegrityError: (psycopg) null value\nCONTEXT:  JSON, rad hemlig\n")
    assert 'null value in column "version"' in said
    assert "direct cause" in said
    assert "sqlalchemy.exc.IntegrityError: (psycopg) null value\n[removed]" in said
    assert "anarie" not in said
    assert "hemlig" not in said


def test_a_chain_of_errors_keeps_what_is_no_row() -> None:
    said = scrub("ValueError: a\n" + BETWEEN + "KeyError: b\n")
    assert said == "ValueError: a\n" + BETWEEN + "KeyError: b\n"


def test_warnings_and_uncaught_errors_are_lines_of_the_log_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")
    row = "DETAIL:  Failing row contains (hemlig)"

    def fail() -> None:
        raise ValueError(row)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    warnings.showwarning("old habits", UserWarning, "x.py", 1)
    of_thread, of_main, warning = lines(capsys)
    assert (of_thread["event"], of_main["event"]) == ("uncaught", "uncaught")
    assert "ValueError: [removed]" in str(of_thread["exception"])
    assert "hemlig" not in str(of_main)
    assert "old habits" in str(warning["event"])
