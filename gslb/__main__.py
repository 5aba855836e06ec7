"""`python -m gslb` is `gslb`."""

from gslb.cli import main

main()
