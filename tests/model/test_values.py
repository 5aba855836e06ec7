"""The small values of the model: what is written is read back, to the last one allowed."""

import pytest
from pydantic import TypeAdapter, ValidationError

from gslb.model import Rule
from gslb.model.values import Percent

PERCENT: TypeAdapter[int] = TypeAdapter(Percent)


@pytest.mark.parametrize("number", [1, 99, 100, 1000])
def test_a_percentage_comes_back(number: int) -> None:
    text = PERCENT.dump_python(number)
    assert text == f"{number}%"
    assert PERCENT.validate_python(text) == PERCENT.validate_python(number) == number


@pytest.mark.parametrize("text", ["0%", "1001%", "80", "-1%", "8 %"])
def test_what_is_no_percentage_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        PERCENT.validate_python(text)


@pytest.mark.parametrize("text", ["usa", "us", "U", "U1", ""])
def test_what_is_no_country_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match="no country code; write its two capital letters"):
        Rule.model_validate({"country": text, "to": ["tokyo"]})
