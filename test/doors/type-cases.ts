import { NOW_MS } from "../support/time.ts";
import { type DoorCase, GOOD_METRIC, single } from "./door-case.ts";

const AT = new Date(NOW_MS - 1234);
const AT_TEXT = AT.toISOString();

const AUTH = { success: true, method: "jwt", server: "s1", user_hash: "u1" };
const TOOL = {
  tool_name: "search",
  server_path: "/weather",
  server_name: "weather",
  success: false,
  method: "tools/call",
  client_name: "editor",
  client_version: "1.2.3",
  user_hash: "u2",
};
const DISCOVERY = { query: "find a tool", results_count: 7, top_k_services: 3, top_n_tools: 5 };
const TIMES = { embedding_time_ms: 12.5, faiss_search_time_ms: 3.25 };

/** Every type of the catalogue, and what becomes of it in its own table. */
export const TYPE_CASES: readonly DoorCase[] = [
  single(
    "auth_request fills auth_metrics",
    {
      service: "test",
      metrics: [
        {
          type: "auth_request",
          value: 1,
          duration_ms: 12.5,
          timestamp: AT,
          dimensions: AUTH,
          metadata: { error_code: "E7" },
        },
      ],
    },
    {
      rows: {
        auth_metrics: [
          { ...AUTH, timestamp: AT_TEXT, service: "test", duration_ms: 12.5, success: 1, error_code: "E7" },
        ],
        metrics: [
          { metric_type: "auth_request", value: 1, dimensions: AUTH, metadata: { error_code: "E7" } },
        ],
      },
    },
  ),
  single(
    "tool_execution fills tool_metrics",
    {
      service: "test",
      metrics: [
        {
          type: "tool_execution",
          value: 1,
          duration_ms: 0.5,
          dimensions: TOOL,
          metadata: { error_code: "timeout", input_size_bytes: 10, output_size_bytes: 2048 },
        },
      ],
    },
    {
      rows: {
        tool_metrics: [
          {
            ...TOOL,
            success: 0,
            duration_ms: 0.5,
            error_code: "timeout",
            input_size_bytes: 10,
            output_size_bytes: 2048,
          },
        ],
      },
    },
  ),
  single(
    "tool_discovery fills discovery_metrics, with both names of the search time",
    {
      service: "test",
      metrics: [
        { type: "tool_discovery", value: 1, duration_ms: 20, dimensions: DISCOVERY, metadata: TIMES },
      ],
    },
    {
      rows: {
        discovery_metrics: [{ ...DISCOVERY, ...TIMES, vector_search_time_ms: 3.25, duration_ms: 20 }],
      },
    },
  ),
  single(
    "the other name of the search time means the same",
    {
      service: "test",
      metrics: [{ type: "tool_discovery", value: 1, metadata: { vector_search_time_ms: 0 } }],
    },
    {
      rows: {
        discovery_metrics: [
          { faiss_search_time_ms: 0, vector_search_time_ms: 0, query: null, duration_ms: null },
        ],
      },
    },
  ),
  ...["protocol_latency", "health_check", "registry_operation", "custom"].map((type) =>
    single(
      `${type} is stored under its name and in no other table`,
      {
        service: "test",
        version: "1.2.3",
        instance_id: "pod-1.a_b",
        metrics: [{ type, value: -2.5, timestamp: AT, dimensions: { flow_step: "a", x: "y" } }],
      },
      {
        rows: {
          metrics: [
            {
              service: "test",
              service_version: "1.2.3",
              instance_id: "pod-1.a_b",
              metric_type: type,
              value: -2.5,
              duration_ms: null,
              timestamp: AT_TEXT,
              created_at: new Date(NOW_MS).toISOString(),
              dimensions: { flow_step: "a", x: "y" },
              metadata: {},
            },
          ],
          auth_metrics: [],
          tool_metrics: [],
          discovery_metrics: [],
        },
      },
    ),
  ),
  ...(
    [
      [true, 1],
      [false, 0],
      ["True", 1],
      ["true", 1],
      ["False", 0],
      ["false", 0],
      [1, 1],
      [0, 0],
      ["maybe", null],
      ["", null],
      [null, null],
    ] as const
  ).map(([success, stored]) =>
    single(
      `success as ${JSON.stringify(success)} is ${stored} in the tables and as it came in the dimensions`,
      {
        service: "test",
        metrics: ["auth_request", "tool_execution"].map((type) => ({
          type,
          value: 1,
          dimensions: { success },
        })),
      },
      {
        rows: {
          auth_metrics: [{ success: stored }],
          tool_metrics: [{ success: stored }],
          metrics: [{ dimensions: { success } }, { dimensions: { success } }],
        },
      },
    ),
  ),
  single(
    "an empty string in a column of its own is NULL",
    {
      service: "test",
      metrics: [
        { type: "tool_execution", value: 1, dimensions: { tool_name: "", method: "" }, metadata: {} },
        { type: "auth_request", value: 1, dimensions: { server: "" }, metadata: { error_code: "" } },
      ],
    },
    {
      rows: {
        tool_metrics: [{ tool_name: null, method: null, server_name: null, error_code: null }],
        auth_metrics: [{ server: null, error_code: null }],
        metrics: [{ dimensions: { tool_name: "", method: "" } }, { metadata: { error_code: "" } }],
      },
    },
  ),
  single(
    "a bad metric refuses itself and never its neighbours",
    {
      service: "test",
      metrics: [
        GOOD_METRIC,
        { type: "auth_reqest", value: 1 },
        { type: "custom", value: 2e12, duration_ms: -1 },
        GOOD_METRIC,
      ],
    },
    {
      accepted: 2,
      problems: [
        "metrics[1].type unknown_type",
        "metrics[2].value out_of_range",
        "metrics[2].duration_ms negative",
      ],
      errors: [
        'metrics[1].type: unknown metric type "auth_reqest"',
        "metrics[2].value: value 2000000000000 is out of range",
        "Duration cannot be negative",
      ],
    },
  ),
  single(
    "a call without one good metric fails and stores nothing",
    { service: "test", metrics: [{ type: "custom" }, { value: 1 }] },
    {
      failure: "validation_failed",
      problems: ["metrics[0].value required", "metrics[1].type required"],
      errors: ["metrics[0].value: Metric value is required", "metrics[1].type: Metric type is required"],
    },
  ),
];
