import { connect, constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.js";
import { SubmitRequestSchema } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { ServiceError } from "../../../src/errors.ts";
import { completeConnectError, toConnectError } from "../../../src/transport/rpc/failures.ts";
import { SUBMIT, startFailingService, UNARY } from "../../support/failing-service.ts";
import { envelope } from "../../support/raw-rpc.ts";

test("a failure that may pass says when, in RetryInfo and in the header retry-after", async () => {
  const { server, submit } = await startFailingService();
  for (const mediaType of UNARY) {
    const answer = await submit(mediaType, { "x-fault": "limited" });
    assert.is(answer.code, Code.ResourceExhausted);
    assert.is(answer.retryDelaySeconds, 7);
    if (mediaType === "application/json") assert.is(answer.headers["retry-after"], "7");
    if (mediaType === "application/grpc") assert.is(answer.trailers["retry-after"], "7");
  }
  await server.close();
});

test("a failed validation names every field, rule and reason", async () => {
  const { server, submit } = await startFailingService();
  for (const mediaType of UNARY) {
    const answer = await submit(mediaType, { "x-fault": "invalid" });
    assert.is(answer.reason, "validation_failed");
    const violations = answer.violations.map(({ field, reason, description }) => [
      field,
      reason,
      description,
    ]);
    assert.equal(violations, [["metrics[0].value", "out_of_range", "value out of range"]]);
  }
  await server.close();
});

test("an error fits into gRPC trailers however much is wrong, and says how much it leaves out", async () => {
  const { server, submit } = await startFailingService();
  const answer = await submit("application/grpc", { "x-fault": "verbose" });
  const bytes = Object.entries(answer.trailers).flat().join("").length;
  assert.ok(bytes < 7_500, `${bytes} bytes of trailers`);
  assert.ok(answer.violations.length > 3);
  assert.is(Number(answer.infoMetadata.violations_omitted), 500 - answer.violations.length);
  await server.close();
});

test("half a surrogate pair in a message does not break the answer", async () => {
  const { server, submit } = await startFailingService();
  const answer = await submit("application/grpc", { "x-fault": "surrogate" });
  assert.is(answer.message, 'no such thing: "\ufffd"');
  await server.close();
});

/** A message, and how it stands in `grpc-message`. */
const MESSAGES = [
  { text: 'metrics[0].type: unknown metric type "a"', wire: 'metrics[0].type: unknown metric type "a"' },
  { text: "all of !#$&'()*+,-./:;<=>?@[\\]^_`{|}~", wire: "all of !#$&'()*+,-./:;<=>?@[\\]^_`{|}~" },
  { text: "100 % of it", wire: "100 %25 of it" },
  { text: "%20 is not a space", wire: "%2520 is not a space" },
  { text: "ünknown 語 𝕏", wire: "%C3%BCnknown %E8%AA%9E %F0%9D%95%8F" },
  { text: "a line\r\nx-forged: 1\0\u007f", wire: "a line%0D%0Ax-forged: 1%00%7F" },
  { text: " spaces at its ends  ", wire: "%20spaces at its ends%20%20" },
];

test("grpc-message is encoded where the protocol asks for it, and nowhere else", async () => {
  const { server, submit } = await startFailingService();
  for (const { text, wire } of MESSAGES) {
    for (const mediaType of UNARY) {
      const headers = { "x-fault": "text", "x-text": Buffer.from(text).toString("base64") };
      const answer = await submit(mediaType, headers);
      assert.is(answer.message, text, mediaType);
      if (mediaType.includes("grpc")) assert.is(answer.trailers["grpc-message"], wire, mediaType);
    }
  }
  await server.close();
});

test("the text of a bug reaches our log and not the caller", async () => {
  const { server, failures, submit } = await startFailingService();
  const answer = await submit("application/json", { "x-fault": "bug" });
  assert.not.match(JSON.stringify([answer.message, answer.headers]), "password");
  assert.match(String(failures[0]?.cause), "cannot read property password");
  await server.close();
});

test("an RPC without an implementation is unimplemented, with ErrorInfo", async () => {
  const { server, call } = await startFailingService();
  const answer = await call({
    path: "/mcp.metrics.v1.MetricsService/Flush",
    mediaType: "application/json",
    body: Buffer.from("{}"),
  });
  assert.equal([answer.code, answer.reason], [Code.Unimplemented, "unimplemented"]);
  await server.close();
});

test("a stream ends with the same details as a unary call", async () => {
  const { server, call } = await startFailingService();
  for (const mediaType of [
    "application/connect+json",
    "application/connect+proto",
    "application/grpc",
  ] as const) {
    const path = "/grpc.health.v1.Health/Watch";
    const body = envelope(Buffer.from(mediaType.endsWith("json") ? "{}" : ""));
    const ended = await call({ path, mediaType, body });
    assert.equal([ended.code, ended.reason, ended.retryDelaySeconds], [Code.Unavailable, "shutting_down", 1]);
    const malformed = await call({ path, mediaType, body: envelope(Buffer.from("\xff{", "latin1")) });
    assert.equal([malformed.code, malformed.reason], [Code.InvalidArgument, "malformed_body"]);
  }
  await server.close();
});

test("a Connect GET whose message is not base64 is malformed_body", async () => {
  const { server, failures } = await startFailingService();
  const path = "/mcp.metrics.v1.MetricsService/Health?encoding=proto&base64=1&message=%21&connect=v1";
  const session = connect(server.url);
  const stream = session.request({ ":method": "GET", ":path": path });
  let body = "";
  for await (const chunk of stream) body += chunk;
  assert.is(JSON.parse(body).code, "invalid_argument");
  assert.is(failures[0]?.findDetails(ErrorInfoSchema)[0]?.reason, "malformed_body");
  session.close();
  await server.close();
});

test("a caller who hung up is canceled, not a bug", () => {
  const reset = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  for (const failure of [reset, AbortSignal.abort().reason]) {
    assert.is(toConnectError(failure).code, Code.Canceled);
  }
});

test("a caller who hangs up in mid-body is reported as canceled, with the error left as it was", async () => {
  const { server, failures } = await startFailingService();
  const session = connect(server.url);
  const headers = { "content-type": "application/json", "content-length": "100" };
  const stream = session.request({ ":method": "POST", ":path": SUBMIT, ...headers });
  stream.on("error", () => {});
  stream.write("{", () => stream.close(constants.NGHTTP2_CANCEL));
  while (failures.length === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.is(failures[0]?.code, Code.Canceled);
  // connect-node would otherwise fail to recognise it, and write it to the console.
  assert.not(failures[0]?.cause instanceof ConnectError);
  session.close();
  await server.close();
});

test("an error that carries ErrorInfo is left as it is", () => {
  const error = toConnectError(new ServiceError("not_found", "no such key"));
  const { message, details } = error;
  completeConnectError(error);
  assert.is(error.message, message);
  assert.is(error.details, details);
});

test("completing an error keeps its own details, its headers and, for the log, its text", () => {
  const own = { desc: SubmitRequestSchema, value: { service: "gateway" } };
  const error = new ConnectError("no disk at /var/lib", Code.Unknown, { "x-hint": "a" }, [own]);
  completeConnectError(error);
  assert.equal(
    [error.code, error.rawMessage, error.cause],
    [Code.Internal, "internal error", "no disk at /var/lib"],
  );
  assert.is(error.metadata.get("x-hint"), "a");
  assert.is(error.findDetails(SubmitRequestSchema).length, 1);
});

test.run();
