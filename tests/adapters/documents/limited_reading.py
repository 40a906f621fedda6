"""Reads each file in a process of its own with one second and a hundred megabytes, and says how that ended.

Run as a program, with the folder as its argument: prints a JSON object, file name → what was said.
"""

import json
import os
import resource
import sys
from pathlib import Path

from tests.adapters.documents.samples import QUESTIONS, answers, sheet
from workflow.adapters.documents.documents import OfficeDocuments
from workflow.domain.errors import FileRefusedError

SECONDS = 1  # of processor time, which other work on the machine does not shorten
ROOM = 100 * 2**20
READ, NO_ROOM = "read", "took more than 100 MB"


def outcome(path: Path) -> str:
    """Fork: a child's processor time begins at nothing, and what it takes is not ours."""
    out, into = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(into, _read_within_limits(path).encode())
        os._exit(0)
    os.close(into)
    _, status = os.waitpid(child, 0)
    with os.fdopen(out, "rb") as said:
        return said.read().decode() or f"ended by signal {os.WTERMSIG(status)}"


def _read_within_limits(path: Path) -> str:
    data = path.read_bytes()
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    room = _address_space() + ROOM
    resource.setrlimit(resource.RLIMIT_AS, (room, room))
    try:
        OfficeDocuments().read_word(data, name=path.name, questions=QUESTIONS)
    except FileRefusedError as refused:
        return str(refused.values["why"])
    except MemoryError:
        return NO_ROOM
    return READ


def _address_space() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[0]
    return int(pages) * resource.getpagesize()


def main(folder: Path) -> None:
    office = OfficeDocuments()  # everything is imported and warm before the first file
    office.read_word(office.word_form(sheet(answers(kultur="a"))), name="a.docx", questions=QUESTIONS)
    said = {path.name: outcome(path) for path in sorted(folder.iterdir())}
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
