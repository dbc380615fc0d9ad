"""Submits metrics of which one is bad, repeats the call safely, and reads back what was stored, over HTTP.

It sends what gateways send that write their metrics by hand: times without a zone, which mean UTC, and null
for what they do not know.
"""

import os
import sys
import uuid
from datetime import datetime, timezone

import httpx

URL = os.environ.get("METRICS_URL", "http://localhost:8890")
HEADERS = {"X-API-Key": os.environ.get("METRICS_API_KEY", "")}


def call(tool: str, success: bool, duration_ms: float | None, value: float | None) -> dict:
    return {
        "type": "tool_execution",
        "value": value,
        "duration_ms": duration_ms,
        # As `datetime.utcnow().isoformat()` has it: UTC, without saying so.
        "timestamp": datetime.now(timezone.utc).replace(tzinfo=None).isoformat(),
        "dimensions": {"tool_name": tool, "server_name": None, "success": success},
        "metadata": None,
    }


def main(client: httpx.Client) -> None:
    # The key belongs to a service, and metrics are written in its name.
    service = client.get("/rate-limit").raise_for_status().json()["service"]
    submission = {
        "service": service,
        "version": "1.0.0",
        "instance_id": None,
        "metrics": [
            call("search", True, 45.2, 1.0),
            call("fetch", False, None, 1.0),
            call("without a value", True, 1.0, None),
        ],
    }
    # Makes the call safe to repeat, however the first one ended.
    once = {"Idempotency-Key": str(uuid.uuid4())}

    first = client.post("/metrics", json=submission, headers=once).raise_for_status().json()
    print(f"stored {first['accepted']}, refused {first['rejected']} ({first['request_id']})")
    for error in first["errors"]:
        print(f"  {error}")

    again = client.post("/metrics", json=submission, headers=once).raise_for_status().json()
    is_duplicate = again.get("duplicate", False)
    print("repeated:", "the answer of before, nothing stored twice" if is_duplicate else "stored anew")

    top = client.post(
        "/mcp.metrics.v1.QueryService/TopValues",
        json={"dimension": "tool", "types": ["tool_execution"], "statistics": ["error_rate"]},
    )
    print("read back:")
    for row in top.raise_for_status().json()["rows"]:
        count, error_rate = row["statistics"]["count"], row["statistics"]["error_rate"]
        print(f"  {row['value']}: {count:g} calls, error rate {error_rate:g}")


if __name__ == "__main__":
    with httpx.Client(base_url=URL, headers=HEADERS, timeout=5) as client:
        try:
            main(client)
        except httpx.HTTPStatusError as error:
            sys.exit(f"failed: {error.response.status_code}: {error.response.json()['message']}")
        except httpx.TransportError as error:
            sys.exit(f"failed: {error}")
