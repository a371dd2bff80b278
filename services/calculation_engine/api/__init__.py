"""The routes of calculation-engine, one file a resource: parse, compute beside the event loop, answer."""
