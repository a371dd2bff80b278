"""The calculation engine's rules: pure functions from documents to documents."""
