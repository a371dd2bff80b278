import hashlib
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from services.schemas.base import Document
from services.schemas.canonical import canonical_json, content_hash
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

MODEL = ValueModel.model_validate(VALUE_MODEL_EXAMPLE)


CONTENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.text(), st.floats(-1e3, 1e3), st.integers(-(10**9), 10**9)),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
)


class Anything(Document):
    content: JsonValue


@pytest.mark.parametrize(
    "number", [-0.0, 1e-4, -9.9e-5, 1e-7, 2.0**53 - 1, 2.0**53, 12345678901234567890.0, 1e21, 1e22, 5e-324]
)
def test_numbers_are_written_as_the_rfc_does(number: float) -> None:
    assert canonical_json(Anything(content=number)) == rfc8785.dumps({"content": number})


@pytest.mark.parametrize("keys", [("b", "a", "B", "_", "a1"), ("\ue000", "\U0001f600", "\u20ac", "z")])
def test_keys_are_sorted_as_the_rfc_does(keys: tuple[str, ...]) -> None:
    content: JsonValue = dict.fromkeys(keys)
    assert canonical_json(Anything(content=content)) == rfc8785.dumps({"content": content})


@given(CONTENTS)
def test_the_form_is_that_of_the_rfc(content: JsonValue) -> None:
    assert canonical_json(Anything(content=content)) == rfc8785.dumps({"content": content})


def test_the_form_is_sorted_and_tight() -> None:
    model = ValueModel.model_validate(
        {"discount_rate": 1e-1, "currency": "EUR", "horizon": {"period_length": "year", "periods": 3}}
    )
    assert canonical_json(model) == (
        b'{"correlations":[],"costs":[],"currency":"EUR","description":"","discount_rate":0.1,"drivers":[],'
        b'"formulas":{},"horizon":{"period_length":"year","periods":3},"inputs":{},"pools":{},"scenarios":{},'
        b'"timing":"period_end"}'
    )


def test_the_identity_is_the_hash_of_that_form() -> None:
    assert content_hash(MODEL) == hashlib.sha256(canonical_json(MODEL)).hexdigest()


def test_neither_the_order_of_keys_nor_the_writing_of_numbers_matters() -> None:
    turned = dict(reversed(VALUE_MODEL_EXAMPLE.items()))
    turned["discount_rate"] = 8e-2
    assert content_hash(ValueModel.model_validate_json(json.dumps(turned))) == content_hash(MODEL)


def test_a_default_written_out_changes_nothing() -> None:
    assert content_hash(ValueModel.model_validate(MODEL.model_dump(mode="json"))) == content_hash(MODEL)


def test_any_other_content_is_another_identity() -> None:
    assert content_hash(MODEL.model_copy(update={"discount_rate": 0.081})) != content_hash(MODEL)
