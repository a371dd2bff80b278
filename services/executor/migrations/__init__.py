"""The migrations of the executor: forward only, in its own schema."""
