"""The pages as a process: `python -P -m workflow.web`."""

import uvicorn

from workflow.adapters.logs import configure_logging
from workflow.adapters.processes import watch_parent
from workflow.bootstrap import build
from workflow.settings import load_settings
from workflow.web.application import create_site


def main() -> None:
    watch_parent()
    settings = load_settings()
    configure_logging(settings.log_level)
    uvicorn.run(
        create_site(build(settings)),
        host=settings.host,
        port=settings.port,
        access_log=False,  # its lines would hold personal links
        log_config=None,  # its own would write tracebacks past our filter, as plain text
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
    )


if __name__ == "__main__":
    main()
