"""``python -m lambda_tailor.demo.strict --backend URL --port N``: run the layer until it is ended."""

from __future__ import annotations

import argparse
import logging

from aiohttp import web

from lambda_tailor.demo.strict.queues_made_anew import REST_S
from lambda_tailor.demo.strict.server import application


def main() -> None:
    """Run the layer on loopback."""
    parser = argparse.ArgumentParser(description="A strict AWS in front of the embedded one.")
    parser.add_argument("--backend", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--quota-scale", type=float, default=1.0)
    parser.add_argument(
        "--queue-rest", type=float, help="seconds until a deleted queue's name is free: 60, without quotas 0"
    )
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    app = application(
        chosen.backend,
        chosen.quota_scale,
        # Where nothing is paced, nothing is waited for either.
        (REST_S if chosen.quota_scale else 0.0) if chosen.queue_rest is None else chosen.queue_rest,
    )
    web.run_app(app, host="127.0.0.1", port=chosen.port, print=None, access_log=None, handle_signals=True)


main()
