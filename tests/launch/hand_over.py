"""Run as a small service manager: hand sockets over to the program that this process becomes.

`hand_over.py 7,8 COMMAND...` makes the descriptors 7 and 8 the first ones (sd_listen_fds(3)).
"""

import fcntl
import os
import sys

FIRST = 3


def main() -> None:
    """Put the descriptors in their places, say so, and become the command."""
    numbers = [int(number) for number in sys.argv[1].split(",")]
    aside = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in numbers]
    for place, number in enumerate(aside, FIRST):
        os.dup2(number, place, inheritable=True)
    os.environ["LISTEN_FDS"] = str(len(numbers))
    os.environ.setdefault("LISTEN_PID", str(os.getpid()))
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
