"""Emits as the predecessor's Python services do, in a zone that is not UTC, and prints what came of it."""

import asyncio
import json
import os
import sys
import time
import warnings
from datetime import datetime

import httpx

# `utcnow` is what those services call.
warnings.simplefilter("ignore", DeprecationWarning)
os.environ["TZ"] = "America/New_York"
time.tzset()


def metric(metric_type: str, dimensions: dict, metadata: dict, duration_ms: float | None) -> dict:
    return {
        "type": metric_type,
        "timestamp": datetime.utcnow().isoformat(),
        "value": 1.0,
        "duration_ms": duration_ms,
        "dimensions": dimensions,
        "metadata": metadata,
    }


def requests() -> list[dict]:
    """The envelopes of a login, a call that failed, a search; with and without what is optional."""
    auth = metric("auth_request", {"success": True, "method": "jwt", "server": "mcpgw", "user_hash": ""}, {"error_code": None}, 12.5)
    tool = metric(
        "tool_execution",
        {"tool_name": "search", "server_name": "github", "server_path": None, "success": False, "client_name": "claude", "method": "tools/call"},
        {"error_code": "timeout", "input_size_bytes": 100, "output_size_bytes": None, "jsonrpc_id": 7},
        None,
    )
    search = metric("tool_discovery", {"query": "天気", "results_count": 3, "top_k_services": 5, "top_n_tools": None}, {"embedding_time_ms": 1.5, "faiss_search_time_ms": None}, 9.0)
    return [
        {"service": "auth-server", "version": "1.0.0", "metrics": [auth]},
        {"service": "mcpgw", "version": "1.0.0", "instance_id": "mcpgw-01", "metrics": [tool]},
        {"service": "registry", "version": None, "instance_id": None, "metrics": [search, tool]},
    ]


async def main(url: str, key: str) -> None:
    sent = requests()
    async with httpx.AsyncClient(timeout=5.0) as client:
        # As tasks of one loop over one pool of connections, which nobody waits for one by one.
        posts = [client.post(f"{url}/metrics", json=body, headers={"X-API-Key": key}) for body in sent]
        answers = await asyncio.gather(*posts)
    print(json.dumps({"sent": sent, "answers": [{**a.json(), "http_status": a.status_code} for a in answers]}))


asyncio.run(main(*sys.argv[1:]))
