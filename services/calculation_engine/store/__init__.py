"""The engine's tables and the only SQL on them."""
