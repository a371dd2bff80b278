"""The migrations of the amplifier: forward only, in its own schema."""
