"""How fast Tertial is, as tables: `python -m tests.benchmarks --help`. Not part of the test run."""

import argparse
import signal
import sys
from collections.abc import Sequence

from tests.benchmarks import overview, planning, saving, sending

BENCHMARKS = {"sending": sending, "planning": planning, "overview": overview, "saving": saving}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        epilog="A mail's words and bytes alone: python -m tests.benchmarks.mime. Quote ratios, not times.",
    )
    chosen = parser.add_subparsers(dest="benchmark", required=True)
    for name, module in BENCHMARKS.items():
        about = (module.__doc__ or "").strip()
        module.add_arguments(chosen.add_parser(name, help=about.splitlines()[0], description=about))
    given = parser.parse_args(arguments)
    BENCHMARKS[given.benchmark].main(given)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that servers and folders are cleared away
    main(sys.argv[1:])
