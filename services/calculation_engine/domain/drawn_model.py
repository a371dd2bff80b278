"""A model whose uncertain inputs are drawn: what is the same whatever the design."""

from services.calculation_engine.domain.assignment import Assignment
from services.calculation_engine.domain.compiled import CompiledModel
from services.calculation_engine.domain.drawn_flow import FlowPlan
from services.calculation_engine.domain.formula.draws import DrawsProgram
from services.calculation_engine.domain.sampling.copula import copula
from services.calculation_engine.domain.sampling.sample import JointLaw


class DrawnModel:
    """`drawn` are the uncertain inputs that count, with their laws. Threads share it, and experiments: it is
    made once, and not changed."""

    def __init__(self, compiled: CompiledModel, assignment: Assignment) -> None:
        self.compiled = compiled
        self.assignment = assignment
        self.drawn = {name: law for name, law in assignment.drawn.items() if name in compiled.read}
        self.copula = copula(compiled.model.correlations, frozenset(self.drawn))
        self.law = JointLaw(self.drawn, self.copula)
        self.program = DrawsProgram(compiled.program, assignment.point, self.drawn, compiled.amount_formulas)
        self.places = self.law.places(self.program.inputs)
        self.plan = FlowPlan(compiled, self.program.results)
