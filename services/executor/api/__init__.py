"""The routes of value-executor, one file a resource: parse, call, answer."""
