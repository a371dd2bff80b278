"""Tests of the executor's rules."""
