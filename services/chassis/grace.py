"""How the ten seconds of a stop are divided: the most that each of its steps may take, in seconds.

What does not end in time is cut off, and comes again: a request by its key, a message from the outbox or its
queue, a unit of background work by its lease.
"""

REQUESTS_S = 4  # those in flight are answered
MESSAGES_S = 1.5  # those in hand are handled
UNITS_S = 1.5  # background services finish what they are at
FAREWELL_S = 1.0  # registry and broker are told, where they still listen
EXPORT_S = 1.0  # one export of spans; two may follow each other
