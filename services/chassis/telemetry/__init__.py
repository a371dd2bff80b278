"""What a service tells about itself: logs, metrics and traces."""
