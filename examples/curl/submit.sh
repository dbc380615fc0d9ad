#!/bin/sh
# Submits metrics of which one is bad, repeats the call safely, and reads back what was stored.
set -eu
url=${METRICS_URL:-http://localhost:8890}

# Prints the answer, and fails when the service does.
call() {
  path=$1
  shift
  curl --silent --show-error --fail-with-body --max-time 10 \
    --header "X-API-Key: $METRICS_API_KEY" --header 'Content-Type: application/json' "$@" "$url$path" && echo
}

# The key belongs to a service, and metrics are written in its name.
status=$(call /rate-limit) || { echo "failed: $status" >&2; exit 1; }
service=$(echo "$status" | sed 's/.*"service":"\([^"]*\)".*/\1/')
# Makes the call safe to repeat, however the first one ended.
key=$(date +%s)-$$

submit() {
  call /metrics --header "Idempotency-Key: $key" --data @- <<BODY
{
  "service": "$service",
  "version": "1.0.0",
  "metrics": [
    {"type": "tool_execution", "value": 1, "duration_ms": 45.2,
     "dimensions": {"tool_name": "search", "success": true}},
    {"type": "tool_execution", "value": 1, "duration_ms": 120,
     "dimensions": {"tool_name": "fetch", "success": false}},
    {"type": "tool_execution", "duration_ms": 1,
     "dimensions": {"tool_name": "without a value", "success": true}}
  ]
}
BODY
}

echo 'submitted:'
submit
echo 'repeated, stored once:'
submit
echo 'read back:'
call /mcp.metrics.v1.QueryService/TopValues \
  --data '{"dimension": "tool", "types": ["tool_execution"], "statistics": ["error_rate", "p95"]}'
