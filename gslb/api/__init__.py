"""The admin API. One file a resource; `parts` is what they work with."""

from gslb.api.app import open_api
from gslb.api.parts import Parts

__all__ = ["Parts", "open_api"]
