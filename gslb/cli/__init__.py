"""The command line, `gslb`: `app` has the commands."""

import sys


def main() -> None:
    """Run the command line; a checkout that was never built is one sentence, not a trace."""
    try:
        from gslb.cli.app import run_app  # noqa: PLC0415  (so that it can be caught)
    except ImportError as error:
        sys.exit(f"gslb: {error}")
    run_app()
