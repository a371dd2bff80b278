"""The migrations of calculation-engine: forward only, in its own schema."""
