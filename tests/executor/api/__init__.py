"""Tests of the executor's routes, over a real database."""
