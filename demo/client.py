"""A client of the compose demo: looks the name up, fetches the page, prints it."""

import sys
import urllib.request

TIMEOUT = 5  # seconds

if __name__ == "__main__":
    url = sys.argv[1] if len(sys.argv) > 1 else "http://www.gslb.example/"
    with urllib.request.urlopen(url, timeout=TIMEOUT) as page:  # noqa: S310  (its own argument)
        print(page.read().decode(), end="")
