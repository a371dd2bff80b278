"""The migrations of the committer: forward only, in its own schema."""
