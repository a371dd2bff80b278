"""The inner loops over draws, twice: `native` compiled by numba, `vectors` in NumPy alone.

Both do the same float64 operations in the same order, so their answers are the same bits: whichever is at
hand may serve a request. What is not exactly rounded everywhere (powers, exponentials, logarithms) is NumPy's
in both.
"""
