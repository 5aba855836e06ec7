"""The JSON Schema of `zones/*.yaml`, for editors (`gslb schema`)."""

from typing import Any

from gslb.model import Steering


def schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of one YAML file of steering."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Steering.model_json_schema(mode="validation"),
        "title": "gslb steering: zones/*.yaml",
    }
