"""The same model by other means, each in the fast form that its documentation shows, built once as ours is.

Needs benchmarks/requirements.txt, and gcc for the loop in C.
"""

import ctypes
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import openturns as ot
import squigglepy as sq
from SALib.analyze import sobol as salib_analysis
from SALib.sample import sobol as salib_sample

from benchmarks import engine_model as shared
from benchmarks.engine_model import Numbers

Sampler = Callable[[int, int], Numbers]
"""Seed and number of draws -> NPV of each draw."""


def npv_in_numpy(columns: Mapping[str, Numbers]) -> Numbers:
    """Whole arrays."""
    weights = shared.weights()
    total = np.full(len(next(iter(columns.values()))), -weights.costs)
    for number, weight in enumerate(weights.drivers):
        a, b, c, d = (columns[shared.NAMES[(number + step) % shared.INPUTS]] for step in (0, 7, 13, 19))
        total += weight * (1000 * a * b + np.maximum(0, c - 0.5) * 400 / (1 + d))
    return total


def numpy_script(seed: int, draws: int) -> Numbers:
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
    return npv_in_numpy({name: make[kind]() for name, kind in zip(shared.NAMES, shared.KINDS, strict=True)})


def squigglepy_script(seed: int, draws: int) -> Numbers:
    """One call of `sample` an input, whole arrays after that."""
    sq.set_seed(seed)
    mu, sigma = shared.lognormal_moments()
    low, mode, high = shared.PERT
    distributions = {
        "pert": sq.pert(low, mode, high),
        "triangular": sq.triangular(*shared.TRIANGULAR),
        "normal": sq.norm(mean=shared.NORMAL[0], sd=shared.NORMAL[1]),
        "lognormal": sq.lognorm(norm_mean=mu, norm_sd=sigma),
        "uniform": sq.uniform(*shared.UNIFORM),
    }
    return npv_in_numpy(
        {
            name: np.asarray(sq.sample(distributions[kind], n=draws))
            for name, kind in zip(shared.NAMES, shared.KINDS, strict=True)
        }
    )


@cache
def openturns_function() -> ot.SymbolicFunction:
    """NPV as one symbolic formula, its weights as constants."""
    weights = shared.weights()
    terms = [
        f"{weight!r} * ({shared.formula(number)})" for number, weight in enumerate(weights.drivers.tolist())
    ]
    return ot.SymbolicFunction(list(shared.NAMES), [f"{' + '.join(terms)} - {weights.costs!r}"])


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


def openturns_outputs(sample: ot.Sample) -> ot.Sample:
    """NPV of a whole sample, by as many threads as OpenTURNS is given."""
    return openturns_function()(sample)


def openturns_script(seed: int, draws: int) -> Numbers:
    return np.asarray(openturns_outputs(openturns_sample(seed, draws))).ravel()


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
    """SALib's Sobol' sample and analysis, the model in NumPy between them."""
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
    outputs = npv_in_numpy(columns)
    found = salib_analysis.analyze(problem, outputs, calc_second_order=False)
    return np.asarray(found["S1"])


def c_loop() -> Callable[[Numbers, Numbers], None]:
    """All formulas and their weighted sum in one loop over draws: columns (a row an input, padded as ours
    are), NPV out."""
    weights = shared.weights()
    body = []
    for number, weight in enumerate(weights.drivers.tolist()):
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
            f"        double total = -{weights.costs!r};",
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
