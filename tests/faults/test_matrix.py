"""The fault matrix: which test answers for which row. A row without a test that exists fails here."""

import ast
from functools import lru_cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
MATRIX = {
    "1 worker killed at twelve points": ["faults/test_crash_points.py::test_row_01"],
    "2 random kills, and a naive sender beside it": ["faults/test_random_kills.py::test_row_02"],
    "3 worker asleep while sending or handing": ["faults/test_paused.py::test_row_03"],
    "4 out of memory": ["faults/test_paused.py::test_row_04"],
    "5 asked to stop during sending": ["faults/test_stopped.py::test_row_05"],
    "6 ten workers, a thousand mails": ["faults/test_paused.py::test_row_06"],
    "7 scheduler killed at each statement": [
        "faults/test_schedulers.py::test_row_07",
        "services/test_rounds.py::test_a_broken_opening_leaves_nothing_behind",
    ],
    "8 several schedulers for a year": ["faults/test_schedulers.py::test_row_08"],
    "9 scheduler down for five days": ["services/test_reminders.py::test_after_five_days_down"],
    "10 pages killed, the person presses again": ["faults/test_web_killed.py::test_row_10"],
    "11 broker killed, emptied, frozen, away, full, shut": [
        "faults/test_pages_without_broker.py::test_row_11",
        "faults/test_up.py::test_emptying_valkey_loses_nothing",
        "tasks/test_worker.py::test_when_the_broker_fails",
        "tasks/test_worker.py::test_a_broker_that_refuses_from_the_start",
        "tasks/test_worker.py::test_a_broker_that_begins_to_refuse",
        "adapters/test_queue.py::test_a_frozen_broker_holds_nobody_up",
        "adapters/test_broker.py::test_a_killed_server_is_started_again",
    ],
    "12 PostgreSQL stopped, connections thrown out": ["faults/test_databases.py::test_row_12"],
    "13 SQLite crowded, read for long, power cut": [
        "faults/test_databases.py::test_row_13",
        "adapters/db/test_races.py::test_no_update_is_lost",
    ],
    "14 network cut, slow, half open": ["faults/test_network.py::test_row_14"],
    "15 what passes": ["faults/test_smtp_faults.py::test_row_15"],
    "16 what is refused": ["faults/test_smtp_faults.py::test_row_16"],
    "17 closed after the dot": [
        "faults/test_smtp_faults.py::test_row_17",
        "web/test_alarms.py::test_a_mail_of_unknown_fate",
    ],
    "18 a reply after nine minutes": ["faults/test_paused.py::test_row_18"],
    "19 421 to QUIT": ["faults/test_smtp_faults.py::test_row_19"],
    "20 thirty a minute, then 432": [
        "faults/test_smtp_faults.py::test_row_20",
        "faults/test_rate.py::test_row_20",
    ],
    "21 a way out that is shut": [
        "faults/test_smtp_faults.py::test_row_21",
        "adapters/mail/test_smtp.py::test_a_refused_login",
        "adapters/mail/test_smtp.py::test_tls_sends_only_to",
        "adapters/mail/test_smtp.py::test_starttls_that_is_not_offered",
        "web/test_alarms.py::test_the_overview_tells_of_a_way_out_that_is_shut",
    ],
    "24 clocks that jump": [
        "faults/test_clock.py::test_row_24",
        "services/test_guard.py::test_a_jump_is_seen",
        "tasks/test_scheduler.py::test_a_clock_set_back",
    ],
    "25 nights in which the clocks move, year ends": [
        "domain/test_calendar.py::test_the_nights_the_clocks_move",
        "domain/test_properties.py::test_the_clock_on_the_wall_on_every_day_and_both_dst_nights",
        "domain/test_properties.py::test_the_shipped_policy_through_a_hundred_years",
    ],
    "26 pressed twice, and twenty times": [
        "faults/test_web_killed.py::test_row_26",
        "web/test_contact.py::test_pressing_twice",
    ],
    "27 many people at the same forms": ["faults/test_databases.py::test_row_27"],
    "28 approving what is no longer shown": [
        "services/test_submissions.py::test_an_approval_is_never_given_to_something_else",
        "web/test_review.py::test_a_version_resubmitted_since",
    ],
    "29 handed in while a reminder is on its way": ["faults/test_during_sending.py::test_row_29"],
    "30 moved or excused while a reminder is on its way": [
        "faults/test_during_sending.py::test_row_30",
        "adapters/db/test_outbox.py::test_a_second_reminder_on_the_same_day",
    ],
    "40 model and system side by side": ["model/test_model.py::test_in_memory", "model/test_model.py::test_on_sqlite"],
}


@lru_cache
def _functions(path: Path) -> tuple[str, ...]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assigned = [target.id for node in tree.body if isinstance(node, ast.Assign) for target in node.targets
                if isinstance(target, ast.Name)]  # fmt: skip
    return tuple(name for name in (*names, *assigned) if name.lower().startswith("test"))


@pytest.mark.parametrize("row", MATRIX)
def test_the_row_has_its_tests(row: str) -> None:
    for reference in MATRIX[row]:
        file, _, beginning = reference.partition("::")
        assert any(name.startswith(beginning) for name in _functions(TESTS / file)), reference
