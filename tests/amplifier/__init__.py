"""Tests of the amplifier."""
