"""The migrations of notification: forward only, in its own schema."""
