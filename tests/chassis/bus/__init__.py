"""Tests of what is particular to each bus; what they share is in `test_bus`."""
