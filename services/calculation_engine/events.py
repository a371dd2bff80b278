"""What calculation-engine handles of the events that others emit."""

from services.chassis.handlers import Handlers

handlers = Handlers()
