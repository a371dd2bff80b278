"""The routes of value-amplifier, one file a resource: parse, call, answer."""
