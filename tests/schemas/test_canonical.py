import hashlib
import json

from services.schemas.canonical import canonical_json, content_hash
from services.schemas.value_model import ValueModel
from services.schemas.value_model_example import VALUE_MODEL_EXAMPLE

MODEL = ValueModel.model_validate(VALUE_MODEL_EXAMPLE)


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
