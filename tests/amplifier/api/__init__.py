"""Tests of the amplifier's routes, over a real database and the real architect and engine."""
