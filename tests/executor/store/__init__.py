"""Tests of the executor's tables."""
