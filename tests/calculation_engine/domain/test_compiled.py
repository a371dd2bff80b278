from services.calculation_engine.domain.compiled import compile_model
from services.schemas.value_model import ValueModel
from tests.calculation_engine.models import a_driver, a_model, an_input

DOCUMENT = a_model(inputs={"x": an_input(3.0)}, drivers=[a_driver("d", "2 * x")])


def test_a_model_is_known_again_by_what_it_says() -> None:
    compiled = compile_model(ValueModel.model_validate(DOCUMENT))
    assert compile_model(ValueModel.model_validate(DOCUMENT)) is compiled


def test_one_other_number_makes_another_model_of_the_same_program() -> None:
    compiled = compile_model(ValueModel.model_validate(DOCUMENT))
    other = compile_model(ValueModel.model_validate({**DOCUMENT, "discount_rate": 0.11}))
    assert other.model.discount_rate == 0.11
    assert other.factors[1] < compiled.factors[1]
    assert other.model_hash != compiled.model_hash
    assert other.program is compiled.program


def test_large_models_are_not_kept() -> None:
    inputs = {f"x{number}": an_input(1.0, label="long " * 30) for number in range(150)}
    large = {**DOCUMENT, "inputs": {**DOCUMENT["inputs"], **inputs}}
    compiled = compile_model(ValueModel.model_validate(large))
    assert compile_model(ValueModel.model_validate(large)) is not compiled
