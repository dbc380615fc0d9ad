import { createContextValues } from "@connectrpc/connect";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsService } from "../../../gen/mcp/metrics/v1/metrics_service_pb.js";
import { completeErrors } from "../../../src/transport/rpc/failures.ts";
import { createRpcHandlers } from "../../../src/transport/rpc/rpc-handler.ts";

const PATH = "/mcp.metrics.v1.MetricsService/Submit";

async function* bytes(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}

test("calls that fail with one error object are answered each for itself", async () => {
  const shared = new Error("the transaction of both failed");
  const handlers = createRpcHandlers({
    routes: [(router) => void router.service(MetricsService, { submit: () => Promise.reject(shared) })],
    ruleOf: () => ({ roles: [], costsToken: true }),
    authenticate: (context) => completeErrors(context),
    bodyBytesMax: 1000,
  });
  const call = async () => {
    const answer = await handlers.get(PATH)?.({
      httpVersion: "1.1",
      method: "POST",
      url: `http://localhost${PATH}`,
      header: new Headers({ "content-type": "application/json" }),
      body: bytes("{}"),
      signal: new AbortController().signal,
      contextValues: createContextValues(),
    });
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer?.body ?? []) chunks.push(chunk as Uint8Array);
    return { status: answer?.status, ...JSON.parse(Buffer.concat(chunks).toString()) };
  };
  const answers = [await call(), await call(), ...(await Promise.all([call(), call()]))];
  for (const { status, code, message, details } of answers) {
    assert.equal({ status, code, message }, { status: 500, code: "internal", message: "internal error" });
    assert.is(details[0].type, "google.rpc.ErrorInfo");
  }
  assert.is(shared.message, "the transaction of both failed", "and the error is as it was, for the log");
});

test.run();
