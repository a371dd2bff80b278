"""The standard normal distribution: its density, its distribution function and the inverse of that.

The inverse is M. J. Wichura's Algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484: relative error
about 1e-16.
"""

import math

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

# Numerator and denominator of each rational function, highest power first.
_CENTRE = (
    np.array(
        [
            2.5090809287301226727e3,
            3.3430575583588128105e4,
            6.7265770927008700853e4,
            4.5921953931549871457e4,
            1.3731693765509461125e4,
            1.9715909503065514427e3,
            1.3314166789178437745e2,
            3.3871328727963666080e0,
        ]
    ),
    np.array(
        [
            5.2264952788528545610e3,
            2.8729085735721942674e4,
            3.9307895800092710610e4,
            2.1213794301586595867e4,
            5.3941960214247511077e3,
            6.8718700749205790830e2,
            4.2313330701600911252e1,
            1.0,
        ]
    ),
)
_TAIL = (
    np.array(
        [
            7.7454501427834140764e-4,
            2.27238449892691845833e-2,
            2.41780725177450611770e-1,
            1.27045825245236838258e0,
            3.64784832476320460504e0,
            5.76949722146069140550e0,
            4.63033784615654529590e0,
            1.42343711074968357734e0,
        ]
    ),
    np.array(
        [
            1.05075007164441684324e-9,
            5.47593808499534494600e-4,
            1.51986665636164571966e-2,
            1.48103976427480074590e-1,
            6.89767334985100004550e-1,
            1.67638483018380384940e0,
            2.05319162663775882187e0,
            1.0,
        ]
    ),
)
_FAR_TAIL = (
    np.array(
        [
            2.01033439929228813265e-7,
            2.71155556874348757815e-5,
            1.24266094738807843860e-3,
            2.65321895265761230930e-2,
            2.96560571828504891230e-1,
            1.78482653991729133580e0,
            5.46378491116411436990e0,
            6.65790464350110377720e0,
        ]
    ),
    np.array(
        [
            2.04426310338993978564e-15,
            1.42151175831644588870e-7,
            1.84631831751005468180e-5,
            7.86869131145613259100e-4,
            1.48753612908506148525e-2,
            1.36929880922735805310e-1,
            5.99832206555887937690e-1,
            1.0,
        ]
    ),
)
_CENTRE_WIDTH = 0.425
_FAR = 5.0


def normal_density(z: float) -> float:
    """The density at z; 0 at both infinities."""
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def normal_probability(z: float) -> float:
    """The probability that a standard normal value stays below z."""
    return math.erfc(-z / math.sqrt(2)) / 2


def normal_quantile(probability: Numbers) -> Numbers:
    """z such that a standard normal value stays below z with the given probability, 0 < probability < 1."""
    offset = probability - 0.5
    result = offset * _rational(_CENTRE, _CENTRE_WIDTH**2 - offset * offset)
    outer = np.flatnonzero(np.abs(offset) > _CENTRE_WIDTH)
    if outer.size:
        result[outer] = _in_tails(probability[outer], offset[outer])
    return result


def _in_tails(probability: Numbers, offset: Numbers) -> Numbers:
    distance = np.sqrt(-np.log(np.minimum(probability, 1 - probability)))
    near = _rational(_TAIL, distance - 1.6)
    far = _rational(_FAR_TAIL, distance - _FAR)
    return np.copysign(np.where(distance <= _FAR, near, far), offset)


def _rational(coefficients: tuple[Numbers, Numbers], at: Numbers) -> Numbers:
    numerator, denominator = coefficients
    return _polynomial(numerator, at) / _polynomial(denominator, at)


def _polynomial(coefficients: Numbers, at: Numbers) -> Numbers:
    """Horner's rule, in place."""
    result = np.full_like(at, coefficients[0])
    for coefficient in coefficients[1:]:
        result *= at
        result += coefficient
    return result
