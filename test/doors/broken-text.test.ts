/** Text that is no Unicode, anywhere in a submission: repaired through every door, and validated as such. */
import { create, fromBinary, fromJsonString, toBinary, toJsonString } from "@bufbuild/protobuf";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SubmitRequestSchema, SubmitResponseSchema } from "../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { WRITER } from "../support/http.ts";
import { callRaw, envelope, type MediaType, messageIn, type RawAnswer } from "../support/raw-rpc.ts";
import { startTestService } from "../support/service.ts";
import { type TestMetric, type TestSubmission, toMessage, toRestJson } from "../support/spellings.ts";
import { type Row, readRows } from "../support/sql.ts";
import { GOOD_METRIC } from "./door-case.ts";

const service = await startTestService();

test.after(async () => {
  await service.close();
});

/** Three bytes and three characters, in whose place each submission has something broken. */
const MARK = "XYZ";
const SUBMIT = "/mcp.metrics.v1.MetricsService/Submit";

interface Broken {
  readonly name: string;
  /** What stands in the place of the mark. */
  readonly bytes: Buffer;
  /** What is read. */
  readonly text: string;
  readonly isEscape?: true;
}

const BROKEN: readonly Broken[] = [
  { name: "a byte that is none", bytes: Buffer.from([0x61, 0xff, 0x62]), text: "a\ufffdb" },
  { name: "half a character", bytes: Buffer.from([0x61, 0xe2, 0x82]), text: "a\ufffd" },
  { name: "a surrogate in bytes", bytes: Buffer.from([0xed, 0xa0, 0x80]), text: "\ufffd\ufffd\ufffd" },
  { name: "an escaped half of a pair", bytes: Buffer.from("a\\ud83d"), text: "a\ufffd", isEscape: true },
  { name: "the other half", bytes: Buffer.from("\\uDE00"), text: "\ufffd", isEscape: true },
];

/** What came of it: of a failed call the broken rules alone. */
interface Came {
  readonly reason?: string | undefined;
  readonly rejections: readonly string[];
  readonly requestId?: string;
}

interface Wire {
  readonly name: string;
  readonly isJson: boolean;
  readonly write: (submission: TestSubmission) => Uint8Array;
  readonly send: (body: Uint8Array) => Promise<Came>;
}

function broken({ rejections }: { rejections: readonly { index: number; field: string; reason: string }[] }) {
  return rejections.map(({ index, field, reason }) => `metrics[${index}].${field} ${reason}`);
}

function rpcWire(name: string, mediaType: MediaType): Wire {
  const isJson = mediaType.includes("json");
  const isFramed = mediaType.includes("grpc");
  const read = (answer: RawAnswer): Came => {
    const { code, reason, violations } = answer;
    if (code !== undefined)
      return { reason, rejections: violations.map((rule) => `${rule.field} ${rule.reason}`) };
    const message = messageIn(answer);
    const response = isJson
      ? fromJsonString(SubmitResponseSchema, message.toString())
      : fromBinary(SubmitResponseSchema, message);
    return { rejections: broken(response), requestId: response.requestId };
  };
  return {
    name,
    isJson,
    write(submission) {
      const message = create(SubmitRequestSchema, toMessage(submission));
      return isJson
        ? Buffer.from(toJsonString(SubmitRequestSchema, message))
        : toBinary(SubmitRequestSchema, message);
    },
    send: async (body) =>
      read(
        await callRaw(service.url, {
          path: SUBMIT,
          mediaType,
          headers: WRITER,
          body: isFramed ? envelope(body) : body,
        }),
      ),
  };
}

const WIRES: readonly Wire[] = [
  {
    name: "REST",
    isJson: true,
    write: (submission) => Buffer.from(toRestJson(submission)),
    async send(body) {
      const { body: answer } = await callRest(body);
      if (answer.error !== undefined) {
        const rules = answer.errors.map((error: string) => `${error.split(":", 1)[0]} `);
        return { reason: answer.error, rejections: rules };
      }
      return { rejections: broken({ rejections: answer.rejections ?? [] }), requestId: answer.request_id };
    },
  },
  rpcWire("Connect JSON", "application/json"),
  rpcWire("Connect binary", "application/proto"),
  rpcWire("gRPC", "application/grpc"),
  rpcWire("gRPC with JSON", "application/grpc+json"),
  rpcWire("gRPC-Web", "application/grpc-web+proto"),
];

async function callRest(body: Uint8Array) {
  const headers = { ...WRITER, "content-type": "application/json" };
  const answer = await fetch(`${service.url}/metrics`, { method: "POST", headers, body: Buffer.from(body) });
  return { body: JSON.parse(await answer.text()) };
}

const odd = (metric: TestMetric): TestSubmission => ({
  service: "test",
  metrics: [{ type: "custom", value: 2, ...metric }, GOOD_METRIC],
});

interface Place {
  readonly name: string;
  readonly send: TestSubmission;
  /** `field reason` of the rule that the repaired text breaks; `reason`: the call fails as a whole. */
  readonly breaks?: string;
  readonly isWhole?: true;
  /** Where the repaired text is found, in the row of the odd metric. */
  readonly find?: (row: Row) => unknown;
}

const json = (value: unknown) => JSON.parse(String(value)) as Record<string, unknown>;

const PLACES: readonly Place[] = [
  {
    name: "the service",
    send: { ...odd({}), service: `test${MARK}` },
    breaks: "service invalid_characters",
    isWhole: true,
  },
  {
    name: "the instance id",
    send: { ...odd({}), instance_id: MARK },
    breaks: "instance_id invalid",
    isWhole: true,
  },
  {
    name: "the idempotency key",
    send: { ...odd({}), idempotency_key: MARK },
    breaks: "idempotency_key invalid",
    isWhole: true,
  },
  { name: "the version", send: { ...odd({}), version: MARK }, find: (row) => row.service_version },
  { name: "the type", send: odd({ type: MARK }), breaks: "metrics[0].type unknown_type" },
  {
    name: "the key of a dimension",
    send: odd({ dimensions: { [MARK]: 1 } }),
    breaks: "metrics[0].dimensions.? invalid_key",
  },
  {
    name: "the value of a dimension",
    send: odd({ dimensions: { k: MARK } }),
    find: (row) => json(row.dimensions).k,
  },
  {
    name: "the key of metadata",
    send: odd({ metadata: { [MARK]: 1 } }),
    find: (row) => Object.keys(json(row.metadata))[0],
  },
  {
    name: "the value of metadata",
    send: odd({ metadata: { k: MARK } }),
    find: (row) => json(row.metadata).k,
  },
  {
    name: "text within metadata",
    send: odd({ metadata: { k: [{ a: MARK }] } }),
    find: (row) => (json(row.metadata).k as { a: string }[])[0]?.a,
  },
];

/** The body with something broken in the place of the mark. */
function spoil(body: Uint8Array, { bytes }: Broken): Buffer {
  const text = Buffer.from(body);
  const at = text.indexOf(MARK);
  return Buffer.concat([text.subarray(0, at), bytes, text.subarray(at + MARK.length)]);
}

for (const wire of WIRES) {
  for (const what of BROKEN) {
    if (what.isEscape && !wire.isJson) continue;
    test(`${wire.name}: ${what.name} is repaired wherever it stands, and no neighbour is lost`, async () => {
      for (const { name, send, breaks, isWhole, find } of PLACES) {
        const { reason, rejections, requestId } = await wire.send(spoil(wire.write(send), what));
        const expected = breaks?.replace("?", what.text) ?? "";
        if (isWhole) {
          assert.is(reason, "validation_failed", name);
          const [field = ""] = expected.split(" ", 1);
          assert.ok(rejections.length === 1 && rejections[0]?.startsWith(`${field} `), name);
          continue;
        }
        assert.is(reason, undefined, name);
        assert.equal(rejections, breaks === undefined ? [] : [expected], name);
        const rows = readRows(
          service.databasePath,
          "SELECT * FROM metrics WHERE request_id = ? ORDER BY value DESC",
          requestId ?? "",
        );
        assert.is(rows.length, breaks === undefined ? 2 : 1, name);
        if (find !== undefined) assert.is(find(rows[0] as Row), what.text, name);
      }
    });
  }
}

test.run();
