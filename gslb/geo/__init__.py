"""The atlas: where clients are, which way that takes them, and the ranges that come of it.

    files ── Atlas ── databases, their places column by column
                 └── classify(map) ── signature of each place ── overlay ── ranges of classes

`attributes` says what can be known of a place and where databases keep it, `rules` which rule
decides, `nearest` what lies how far; `classify` puts them together for whole databases, and
`look` for one client, by the same rules.
"""

from gslb.geo.atlas import Atlas, Opened, mark, read_atlas
from gslb.geo.classify import classify, needs, orders_sites
from gslb.geo.look import Look, look
from gslb.geo.rules import chain_of

__all__ = [
    "Atlas",
    "Look",
    "Opened",
    "chain_of",
    "classify",
    "look",
    "mark",
    "needs",
    "orders_sites",
    "read_atlas",
]
