"""Opens forms in one LibreOffice, types into them as people do, and saves each as .docx and .odt.

Run by the Python that LibreOffice comes with: profile, folder, and a JSON list of jobs
(source, name, typed: bookmark → lines at the field's beginning, replaced: bookmark → lines instead of the field).
"""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

FORMATS = {"docx": "MS Word 2007 XML", "odt": "writer8"}
uno: Any = import_module("uno")


def main(office: str, profile: str, folder: str, jobs: str) -> None:
    pipe = f"tertial-{os.getpid()}"  # two test processes at once have two offices
    accept = f"--accept=pipe,name={pipe};urp;"
    command = [office, "--headless", "--norestore", f"-env:UserInstallation={Path(profile).as_uri()}", accept]
    with subprocess.Popen(command) as running:
        context = _context(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext", running)
        desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
        for job in json.loads(jobs):
            _do(context, desktop, Path(folder), job)
        with suppress(Exception):  # the bridge breaks while the office ends
            desktop.terminate()


def _context(address: str, running: "subprocess.Popen[bytes]") -> Any:
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
    while running.poll() is None:
        try:
            return resolver.resolve(address)
        except Exception:  # noqa: BLE001 - it does not listen yet
            time.sleep(0.1)
    raise SystemExit("LibreOffice ended before it listened")


def _do(context: Any, desktop: Any, folder: Path, job: dict[str, Any]) -> None:
    source = Path(job["source"]).as_uri()
    document = desktop.loadComponentFromURL(source, "_blank", 0, (_value("Hidden", given=True),))
    for name, lines in job["typed"].items():
        document.CurrentController.ViewCursor.gotoRange(document.Bookmarks.getByName(name).Anchor.Start, False)  # noqa: FBT003
        _type(context, document.CurrentController.Frame, lines)
    for name, lines in job["replaced"].items():
        document.Bookmarks.getByName(name).Anchor.String = "\n".join(lines)
    for ending, kind in FORMATS.items():
        document.storeToURL((folder / f"{job['name']}.{ending}").as_uri(), (_value("FilterName", given=kind),))
    document.close(True)  # noqa: FBT003


def _type(context: Any, frame: Any, lines: list[str]) -> None:
    keyboard = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.DispatchHelper", context)
    for number, line in enumerate(lines):
        if number:
            keyboard.executeDispatch(frame, ".uno:InsertPara", "", 0, ())
        keyboard.executeDispatch(frame, ".uno:InsertText", "", 0, (_value("Text", given=line),))


def _value(name: str, *, given: object) -> Any:
    value = uno.createUnoStruct("com.sun.star.beans.PropertyValue")
    value.Name, value.Value = name, given
    return value


if __name__ == "__main__":
    main(*sys.argv[1:])
