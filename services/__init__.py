"""ValueVerse: the life of a B2B value promise, as six services and what they stand on."""
