"""Tests of the committer."""
