"""django-post_office or django-mailer at work; run by `peers.py` with the Python of an environment that has them.

Imports nothing of ours. `prepare` makes the tables and queues mails that are rendered already; `send` is each
project's own command, called in a process that is warm, as ours is.
"""

import json
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

POST_OFFICE, MAILER = "post_office", "mailer"


def set_up(task: dict[str, Any]) -> None:
    import_module("django.conf").settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", task["peer"]],
        DATABASES={"default": _database(task)},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        SECRET_KEY="only-for-a-measurement",
        USE_TZ=True,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=task["port"],
        EMAIL_BACKEND={POST_OFFICE: "post_office.EmailBackend", MAILER: "mailer.backend.DbBackend"}[task["peer"]],
        MAILER_LOCK_PATH=str(Path(task["folder"]) / "mailer-lock"),
        MAILER_USE_FILE_LOCK=task["processes"] == 1,
    )
    import_module("django").setup()


def _database(task: dict[str, Any]) -> dict[str, Any]:
    """As safe as ours: WAL, every commit on the disk, the write lock taken at the beginning. Or as Django ships it."""
    if task["host"]:
        engine = "django.db.backends.postgresql"
        return {"ENGINE": engine, "NAME": task["database"], "HOST": task["host"], "USER": task["user"]}
    if task["as_shipped"]:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": task["database"]}
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"
    options = {"transaction_mode": "IMMEDIATE", "init_command": pragmas, "timeout": 30}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": task["database"], "OPTIONS": options}


def prepare(task: dict[str, Any]) -> None:
    import_module("django.core.management").call_command("migrate", verbosity=0)
    letter = json.loads(Path(task["letter"]).read_text(encoding="utf-8"))
    people = [f"asa@u{number}.example" for number in range(task["mails"])]
    if task["peer"] == POST_OFFICE:
        mails = [
            {
                "sender": letter["sender"],
                "recipients": [to],
                "subject": letter["subject"],
                "message": letter["text"],
                "html_message": letter["html"],
            }
            for to in people
        ]
        import_module("post_office.mail").send_many(mails)
        return
    mail = import_module("django.core.mail").EmailMultiAlternatives
    models = import_module("mailer.models")
    rows = []
    for to in people:
        row = models.make_message(
            subject=letter["subject"], body=letter["text"], from_email=letter["sender"], to=[to], priority=2
        )
        email = mail(letter["subject"], letter["text"], letter["sender"], [to])
        email.attach_alternative(letter["html"], "text/html")
        row.email = email
        rows.append(row)
    models.Message.objects.bulk_create(rows)


def sent(task: dict[str, Any]) -> int:
    if task["peer"] == POST_OFFICE:
        models = import_module("post_office.models")
        return int(models.Email.objects.filter(status=models.STATUS.sent).count())
    return int(import_module("mailer.models").MessageLog.objects.filter(result="1").count())


def send(task: dict[str, Any]) -> None:
    call_command = import_module("django.core.management").call_command
    sent(task)  # the connection is open
    print("ready", flush=True)  # noqa: T201 - the conversation with crew.py
    sys.stdin.readline()
    begun, cpu = time.perf_counter(), _cpu()
    if task["peer"] == POST_OFFICE:
        lock = str(Path(task["folder"]) / "post-office-lock")
        call_command("send_queued_mail", processes=task["processes"], lockfile=lock)
    else:
        call_command("send_mail")
    ended = time.perf_counter()
    told = {"begun": begun, "ended": ended, "cpu": _cpu() - cpu, "done": 0}
    print(json.dumps(told))  # noqa: T201


def _cpu() -> float:
    """Seconds of this process and of the children it has seen the end of."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def tell_sent(task: dict[str, Any]) -> None:
    print(sent(task))  # noqa: T201


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    set_up(given)
    {"prepare": prepare, "send": send, "sent": tell_sent}[sys.argv[1]](given)
