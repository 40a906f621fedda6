"""The command line: `tertial`. One module per group of commands; what they say stands on stdout, the rest on stderr."""

from workflow.cli.main import app, main

__all__ = ["app", "main"]
