"""Real PostgreSQL, Redis and RabbitMQ for tests: as root or not, gone with the run however it ends."""
