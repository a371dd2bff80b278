"""The routes of notification, one file a resource: parse, call, answer."""
