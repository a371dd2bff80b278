"""The gateway's configuration as its entry point renders it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

GATEWAY = Path(__file__).resolve().parents[2] / "gateway"

COMPLETE = {
    "ENVIRONMENT": "development",
    "JWT_SECRET": "a-secret-of-the-tests-alone-0123456789",
    "REDIS_HOST": "redis",
    "REDIS_PASSWORD": "of-the-tests",
    "GATEWAY_REQUESTS_PER_MINUTE": "1200",
    "GATEWAY_CALCULATIONS_PER_MINUTE": "600",
    "GATEWAY_OPEN_REQUESTS_PER_MINUTE": "300",
    "CORS_ORIGIN": "https://app.example.com",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4318",
}


def rendered(environment: Mapping[str, str], gateway: Path = GATEWAY) -> "subprocess.CompletedProcess[str]":
    """What render.sh says with nothing but this environment."""
    return subprocess.run(
        ["/bin/sh", gateway / "render.sh"],
        env={"PATH": "/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
