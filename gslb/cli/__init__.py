"""The command line, `gslb`: `app` has the commands."""

from gslb.cli.app import main

__all__ = ["main"]
