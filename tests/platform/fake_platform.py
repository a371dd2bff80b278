"""A platform for the tests of deploy-microservices.sh: answers every path, or refuses to start."""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


if os.environ.get("FAKE_REFUSAL"):
    sys.exit(os.environ["FAKE_REFUSAL"])
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), _Ready).serve_forever()
