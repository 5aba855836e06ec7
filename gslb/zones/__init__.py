"""Folders of zones: `zones/*.zone` and `zones/*.yaml` to a world and back.

reading   a folder to a world, with every fault and its file and line
master    one master file, entry by entry      tree, nouns   one YAML file
writing   a world to a folder                  schema        JSON Schema for editors
"""

from gslb.zones.files import SUFFIXES
from gslb.zones.reading import Reading, locate, read_folder
from gslb.zones.schema import schema
from gslb.zones.writing import write_folder

__all__ = ["SUFFIXES", "Reading", "locate", "read_folder", "schema", "write_folder"]
