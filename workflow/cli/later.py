"""What takes long to import, imported when it is first used: `tertial --help` and completion must not wait for it.

The one place for this. To the type checker and the import contracts these are plain imports.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib import metadata

    from rich import console, table

    from workflow import bootstrap, demo, settings, up
    from workflow.adapters import broker, queue, roster
    from workflow.adapters.db import backup, migrate
    from workflow.adapters.mail import listener, lmtp, smtp
    from workflow.web import words
else:

    class _Later:
        """Stands for a module until somebody asks it for something."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - a module may hold anything
            return getattr(import_module(self._name), attribute)

    metadata = _Later("importlib.metadata")
    console = _Later("rich.console")
    table = _Later("rich.table")
    bootstrap = _Later("workflow.bootstrap")
    demo = _Later("workflow.demo")
    settings = _Later("workflow.settings")
    up = _Later("workflow.up")
    broker = _Later("workflow.adapters.broker")
    queue = _Later("workflow.adapters.queue")  # celery
    roster = _Later("workflow.adapters.roster")  # openpyxl
    backup = _Later("workflow.adapters.db.backup")
    migrate = _Later("workflow.adapters.db.migrate")
    listener = _Later("workflow.adapters.mail.listener")
    lmtp = _Later("workflow.adapters.mail.lmtp")
    smtp = _Later("workflow.adapters.mail.smtp")
    words = _Later("workflow.web.words")

__all__ = [
    "backup",
    "bootstrap",
    "broker",
    "console",
    "demo",
    "listener",
    "lmtp",
    "metadata",
    "migrate",
    "queue",
    "roster",
    "settings",
    "smtp",
    "table",
    "up",
    "words",
]
