"""Which key somebody may have meant who wrote one that does not exist."""

from collections.abc import Iterable
from difflib import get_close_matches

from gslb.model.maps import Map, Nearest, OtherMap, Rule
from gslb.model.probe import HttpProbe, TcpProbe
from gslb.model.steering import (
    Capacity,
    Datacenter,
    LastResort,
    Member,
    OtherVip,
    Pool,
    Sticky,
    Vip,
)
from gslb.model.values import Noun

_NOUNS: dict[tuple[str, ...], tuple[type[Noun], ...]] = {
    ("datacenters", "*"): (Datacenter,),
    ("datacenters", "*", "capacity"): (Capacity,),
    ("probes", "*"): (HttpProbe, TcpProbe),
    ("maps", "*"): (Map,),
    ("maps", "*", "otherwise"): (Nearest, OtherMap),
    ("maps", "*", "rules", "*"): (Rule,),
    ("maps", "*", "rules", "*", "to"): (Nearest,),
    ("vips", "*"): (Vip,),
    ("vips", "*", "fallback"): (LastResort, OtherVip),
    ("vips", "*", "sticky"): (Sticky,),
    ("vips", "*", "pools", "*"): (Pool,),
    ("vips", "*", "pools", "*", "capacity"): (Capacity,),
    ("vips", "*", "pools", "*", "members", "*"): (Member,),
}


def meant_key(path: tuple[str | int, ...]) -> str | None:
    """Give the key nearest to the unknown one that ends a path in a world; None if none is near."""
    *above, written = path
    for shape, nouns in _NOUNS.items():
        if len(shape) == len(above) and all(
            part in ("*", step) for part, step in zip(shape, above, strict=True)
        ):
            return nearest(str(written), {key for noun in nouns for key in noun.model_fields})
    return None


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Give the word that looks most like this one; None if none does."""
    return next(iter(get_close_matches(word, sorted(words), n=1)), None)
