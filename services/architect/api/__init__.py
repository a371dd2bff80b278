"""The architect's routes, one file a resource: parse, call, answer."""
