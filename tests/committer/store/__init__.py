"""Tests of the committer's tables."""
