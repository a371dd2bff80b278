"""The same model by other means, each in the fast form that its documentation shows, built once as ours is.

Needs benchmarks/requirements.txt, and gcc for the loop in C.
"""

import ctypes
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openturns as ot
import squigglepy as sq
from SALib.analyze import sobol as salib_analysis
from SALib.sample import sobol as salib_sample

from benchmarks import engine_model as shared
from benchmarks.engine_model import Numbers

Columns = Mapping[str, Numbers]
"""A number a draw of each input."""


def _formulas(columns: Columns) -> Iterator[Numbers]:
    for number in range(shared.FORMULAS):
        a, b, c, d = (columns[shared.NAMES[(number + step) % shared.INPUTS]] for step in (0, 7, 13, 19))
        yield 1000 * a * b + np.maximum(0, c - 0.5) * 400 / (1 + d)


def npv_in_numpy(columns: Columns) -> Numbers:
    """Whole arrays; the flows of all periods by a product of matrices, which is quicker than their sums."""
    periods = shared.periods()
    flows = periods.shares.T @ np.stack(list(_formulas(columns)))
    flows -= periods.costs[:, np.newaxis]
    npv: Numbers = periods.factors @ flows
    return npv


def npv_by_weights_in_numpy(columns: Columns) -> Numbers:
    """Whole arrays, without periods: as if somebody had worked out what each formula counts in the NPV."""
    total = np.full(len(next(iter(columns.values()))), -shared.periods().worth_of_costs)
    for weight, amounts in zip(shared.periods().weights, _formulas(columns), strict=True):
        total += weight * amounts
    return total


def numpy_columns(seed: int, draws: int) -> Columns:
    """NumPy's Generator with its own samplers."""
    generator = np.random.default_rng(seed)
    alpha, beta = shared.pert_exponents()
    low, _, high = shared.PERT
    make = {
        "pert": lambda: low + (high - low) * generator.beta(alpha, beta, draws),
        "triangular": lambda: generator.triangular(*shared.TRIANGULAR, draws),
        "normal": lambda: generator.normal(*shared.NORMAL, draws),
        "lognormal": lambda: generator.lognormal(*shared.lognormal_moments(), draws),
        "uniform": lambda: generator.uniform(*shared.UNIFORM, draws),
    }
    return {name: make[kind]() for name, kind in zip(shared.NAMES, shared.KINDS, strict=True)}


@cache
def _squigglepy_inputs() -> list[Any]:
    mu, sigma = shared.lognormal_moments()
    low, mode, high = shared.PERT
    distributions = {
        "pert": sq.pert(low, mode, high),
        "triangular": sq.triangular(*shared.TRIANGULAR),
        "normal": sq.norm(mean=shared.NORMAL[0], sd=shared.NORMAL[1]),
        "lognormal": sq.lognorm(norm_mean=mu, norm_sd=sigma),
        "uniform": sq.uniform(*shared.UNIFORM),
    }
    return [distributions[kind] for kind in shared.KINDS]


def squigglepy_columns(seed: int, draws: int) -> Columns:
    """One call of `sample` an input."""
    sq.set_seed(seed)
    inputs = zip(shared.NAMES, _squigglepy_inputs(), strict=True)
    return {name: np.asarray(sq.sample(distribution, n=draws)) for name, distribution in inputs}


def squigglepy_arithmetic(seed: int, draws: int) -> Numbers:
    """A model as its manual writes one, by arithmetic of distributions. It draws an input anew wherever one
    is mentioned, so that the NPV varies less than it should."""
    sq.set_seed(seed)
    inputs, npv = _squigglepy_inputs(), -shared.periods().worth_of_costs
    for number, weight in enumerate(shared.periods().weights.tolist()):
        a, b, c, d = (inputs[(number + step) % shared.INPUTS] for step in (0, 7, 13, 19))
        npv = weight * (1000 * a * b + sq.dist_max(0, c - 0.5) * 400 / (1 + d)) + npv
    return np.asarray(npv @ draws)


@cache
def openturns_model() -> ot.SymbolicFunction:
    """The whole model as one symbolic function: its formulas, the flow of each period, and their NPV."""
    periods = shared.periods()
    formulas = [f"var d{number} := {shared.formula(number)};" for number in range(shared.FORMULAS)]
    flows = []
    for share, cost, factor in zip(periods.shares.T.tolist(), periods.costs, periods.factors, strict=True):
        gains = " + ".join(f"{each!r} * d{number}" for number, each in enumerate(share))
        flows.append(f"{float(factor)!r} * ({gains} - {float(cost)!r})")
    text = "\n".join((*formulas, f"npv := {' + '.join(flows)};"))
    return ot.SymbolicFunction(list(shared.NAMES), ["npv"], text)


@cache
def openturns_formulas() -> ot.SymbolicFunction:
    return ot.SymbolicFunction(list(shared.NAMES), [shared.formula(each) for each in range(shared.FORMULAS)])


@cache
def openturns_periods() -> ot.Function:
    """From the formulas' values by a linear function to all flows, and by another to the NPV."""
    periods = shared.periods()
    zeros = [0.0] * shared.FORMULAS
    flows = ot.LinearFunction(zeros, (-periods.costs).tolist(), ot.Matrix(periods.shares.T.tolist()))
    worth = ot.LinearFunction([0.0] * len(periods.costs), [0.0], ot.Matrix([periods.factors.tolist()]))
    return ot.ComposedFunction(worth, flows)


@cache
def openturns_by_weights() -> ot.SymbolicFunction:
    """The NPV as one formula, what each formula counts in it as a constant."""
    terms = [
        f"{weight!r} * ({shared.formula(number)})"
        for number, weight in enumerate(shared.periods().weights.tolist())
    ]
    formula = f"{' + '.join(terms)} - {shared.periods().worth_of_costs!r}"
    return ot.SymbolicFunction(list(shared.NAMES), [formula])


@cache
def openturns_inputs() -> ot.JointDistribution:
    alpha, beta = shared.pert_exponents()
    distributions = {
        "pert": ot.Beta(alpha, beta, shared.PERT[0], shared.PERT[2]),
        "triangular": ot.Triangular(*shared.TRIANGULAR),
        "normal": ot.Normal(*shared.NORMAL),
        "lognormal": ot.LogNormal(*shared.lognormal_moments()),
        "uniform": ot.Uniform(*shared.UNIFORM),
    }
    return ot.JointDistribution([distributions[kind] for kind in shared.KINDS])


def openturns_sample(seed: int, draws: int) -> ot.Sample:
    """OpenTURNS samples on one thread, however many it has."""
    ot.RandomGenerator.SetSeed(seed)
    return openturns_inputs().getSample(draws)


def openturns_design(draws: int) -> ot.Sample:
    """Pick-freeze design for first-order and total indices."""
    return ot.SobolIndicesExperiment(openturns_inputs(), draws, False).generate()


def openturns_indices(design: ot.Sample, outputs: ot.Sample, draws: int) -> Numbers:
    """First-order indices by Saltelli's estimator, total ones computed along."""
    algorithm = ot.SaltelliSensitivityAlgorithm(design, outputs, draws)
    algorithm.setUseAsymptoticDistribution(True)
    algorithm.getTotalOrderIndicesInterval()
    return np.asarray(algorithm.getFirstOrderIndices())


def salib_indices(draws: int) -> Numbers:
    """SALib's Sobol' sample and analysis, the model in NumPy without periods between them."""
    alpha, beta = shared.pert_exponents()
    bounds = {
        "pert": ([0.0, 1.0], "unif"),
        "triangular": ([*shared.TRIANGULAR[::2], 2 / 7], "triang"),
        "normal": (list(shared.NORMAL), "norm"),
        "lognormal": (list(shared.lognormal_moments()), "lognorm"),
        "uniform": (list(shared.UNIFORM), "unif"),
    }
    problem = {
        "num_vars": shared.INPUTS,
        "names": list(shared.NAMES),
        "bounds": [bounds[kind][0] for kind in shared.KINDS],
        "dists": [bounds[kind][1] for kind in shared.KINDS],
    }
    design = salib_sample.sample(problem, draws, calc_second_order=False, seed=1)
    columns = dict(zip(shared.NAMES, design.T, strict=True))
    inverse = ot.Beta(alpha, beta, shared.PERT[0], shared.PERT[2])
    for name, kind in zip(shared.NAMES, shared.KINDS, strict=True):
        if kind == "pert":  # SALib has no beta distribution
            columns[name] = np.asarray(inverse.computeQuantile(columns[name])).ravel()
    outputs = npv_by_weights_in_numpy(columns)
    found = salib_analysis.analyze(problem, outputs, calc_second_order=False)
    return np.asarray(found["S1"])


def c_loop() -> Callable[[Numbers, Numbers], None]:
    """All formulas and their weighted sum in one loop over draws: columns (a row an input, padded as ours
    are), NPV out."""
    periods = shared.periods()
    body = []
    for number, weight in enumerate(periods.weights.tolist()):
        text = shared.formula(number)
        for place, name in enumerate(shared.NAMES):
            text = text.replace(name, f"x[{place} * pitch + i]")
        body.append(f"        total += {weight!r} * ({text});")
    source = "\n".join(
        (
            # Not fmax, which no compiler makes a vector of.
            "#define max(a, b) ((a) > (b) ? (a) : (b))",
            "void npv(const double *restrict x, long pitch, double *restrict out, long n) {",
            "    for (long i = 0; i < n; i++) {",
            f"        double total = -{periods.worth_of_costs!r};",
            *body,
            "        out[i] = total;",
            "    }",
            "}",
        )
    )
    folder = Path(tempfile.mkdtemp())
    (folder / "npv.c").write_text(source, encoding="utf-8")
    library = folder / "npv.so"
    flags = ["-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, str(folder / "npv.c"), "-o", str(library), "-lm"], check=True)  # noqa: S603, S607
    function = ctypes.CDLL(str(library)).npv
    pointer = ctypes.POINTER(ctypes.c_double)

    def run(columns: Numbers, out: Numbers) -> None:
        function(
            columns.ctypes.data_as(pointer),
            ctypes.c_long(columns.shape[1]),
            out.ctypes.data_as(pointer),
            ctypes.c_long(len(out)),
        )

    return run
