import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server, type Http2Server } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { metricsMiddleware } from "../../../src/client/index.ts";
import { TestClock } from "../../support/time.ts";
import { closeAll } from "../client-and-service.ts";
import { openRecorder, withoutDuration } from "./request-recorder.ts";

const servers: (Server | Http2Server)[] = [];

test.after.each(async () => {
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  }
  await closeAll();
});

async function listen(server: Server | Http2Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** What the host's process would have been told. */
function catchOnce(event: "uncaughtException" | "unhandledRejection"): Promise<unknown> {
  const others = process.listeners(event);
  process.removeAllListeners(event);
  return new Promise((resolve) => {
    process.once(event, (error: unknown) => {
      for (const other of others) process.on(event, other as () => void);
      resolve(error);
    });
  });
}

test("a request has its method, endpoint, status, sizes and duration", async () => {
  const clock = new TestClock();
  const { client, requests } = await openRecorder();
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    request.resume().on("end", () => {
      clock.advance(25);
      response.statusCode = 201;
      response.end("créé");
    });
  };
  const port = await listen(createServer(metricsMiddleware(client, { clock }).wrap(handler)));
  await fetch(`http://127.0.0.1:${port}/api/v1/servers/abc123/logs?x=1`, { method: "PUT", body: "12345" });
  assert.equal(await requests(1), [
    {
      method: "PUT",
      endpoint: "/api/v1/servers/{id}/logs",
      status: 201,
      requestBytes: 5,
      responseBytes: 6,
      durationMs: 25,
    },
  ]);
});

test("streams without a length are counted as they pass, in both directions", async () => {
  const { client, requests } = await openRecorder();
  const handler = (request: IncomingMessage, response: ServerResponse) => void request.pipe(response);
  const port = await listen(createServer(metricsMiddleware(client).wrap(handler)));
  const body = new ReadableStream({
    start(controller) {
      for (let chunk = 0; chunk < 50; chunk += 1) controller.enqueue(new Uint8Array(10_000));
      controller.close();
    },
  });
  const answer = await fetch(`http://127.0.0.1:${port}/echo`, {
    method: "POST",
    body,
    duplex: "half",
  } as RequestInit);
  assert.is((await answer.arrayBuffer()).byteLength, 500_000);
  const [row] = await requests(1);
  assert.equal([row?.requestBytes, row?.responseBytes], [500_000, 500_000]);
});

test("an answer to HEAD, and one that may have no body, has no bytes", async () => {
  const { client, requests } = await openRecorder();
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    response.statusCode = Number(request.url?.slice(1));
    response.end("a body that is not sent");
  };
  const port = await listen(createServer(metricsMiddleware(client).wrap(handler)));
  await fetch(`http://127.0.0.1:${port}/200`, { method: "HEAD" });
  await fetch(`http://127.0.0.1:${port}/204`);
  await fetch(`http://127.0.0.1:${port}/304`);
  assert.equal(
    (await requests(3)).map(({ responseBytes }) => responseBytes),
    [0, 0, 0],
  );
});

test("a handler that throws counts as 500 with its duration, and its host hears of it", async () => {
  const clock = new TestClock();
  const { client, requests } = await openRecorder();
  const handler = () => {
    clock.advance(40);
    throw new Error("from the handler");
  };
  const port = await listen(createServer(metricsMiddleware(client, { clock }).wrap(handler)));
  const thrown = catchOnce("uncaughtException");
  const answer = fetch(`http://127.0.0.1:${port}/fails`).catch(() => {});
  assert.match(String(await thrown), "from the handler");
  const [row] = await requests(1);
  assert.equal([row?.status, row?.durationMs, row?.endpoint], [500, 40, "/fails"]);
  for (const server of servers) if ("closeAllConnections" in server) server.closeAllConnections();
  await answer;
  assert.is(client.counts.emitted, 1, "its closing counts no second time");
});

test("a handler that rejects, even after its answer began, counts as 500", async () => {
  const { client, requests } = await openRecorder();
  const handler = async (_request: IncomingMessage, response: ServerResponse) => {
    response.write("begun");
    throw new Error("rejected");
  };
  const port = await listen(createServer(metricsMiddleware(client).wrap(handler)));
  const rejected = catchOnce("unhandledRejection");
  const answer = fetch(`http://127.0.0.1:${port}/fails`);
  assert.match(String(await rejected), "rejected");
  const [row] = await requests(1);
  assert.is(row?.status, 500);
  for (const server of servers) if ("closeAllConnections" in server) server.closeAllConnections();
  await (await answer).text().catch(() => {});
});

test("a client that leaves before its answer counts as 499, after its head as what it was sent", async () => {
  const { client, requests } = await openRecorder();
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === "/stream") response.write("first");
  };
  const port = await listen(createServer(metricsMiddleware(client).wrap(handler)));
  const waiting = connect(port, "127.0.0.1", () => {
    waiting.write("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n", () => waiting.destroy());
  });
  await requests(1);
  const streaming = await fetch(`http://127.0.0.1:${port}/stream`);
  await streaming.body?.cancel();
  const rows = await requests(2);
  assert.equal(
    rows.map(({ endpoint, status }) => [endpoint, status]),
    [
      ["/waits", 499],
      ["/stream", 200],
    ],
  );
});

test("requests over HTTP/2 are counted like others", async () => {
  const { client, requests } = await openRecorder();
  const middleware = metricsMiddleware(client);
  const server = createHttp2Server(
    middleware.wrap((request, response) => {
      request.resume().on("end", () => {
        response.write("12345");
        response.end("678");
      });
    }),
  );
  const port = await listen(server);
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":method": "POST", ":path": "/items/77" });
  stream.end("abc");
  stream.resume();
  await new Promise((resolve) => stream.once("close", resolve));
  session.close();
  assert.equal((await requests(1)).map(withoutDuration), [
    { method: "POST", endpoint: "/items/{id}", status: 200, requestBytes: 3, responseBytes: 8 },
  ]);
});

test("methods that HTTP/2 lets clients invent are one", async () => {
  const { client, requests } = await openRecorder();
  const handler = metricsMiddleware(client).wrap((_request, response) => void response.end());
  const session = connectHttp2(`http://127.0.0.1:${await listen(createHttp2Server(handler))}`);
  for (const method of ["GET", "INVENTED", "x".repeat(100)]) {
    const stream = session.request({ ":method": method }).end().resume();
    await new Promise((resolve) => stream.once("close", resolve));
  }
  session.close();
  assert.equal(
    (await requests(3)).map(({ method }) => method),
    ["GET", "_OTHER", "_OTHER"],
  );
});

test("paths that strangers try take no places of those that are answered", async () => {
  const { client, requests } = await openRecorder();
  const handler = metricsMiddleware(client).wrap((request, response) => {
    response.writeHead(request.url === "/real" ? 200 : 401).end();
  });
  const port = await listen(createServer(handler));
  const word = (index: number) =>
    "x".repeat(Math.floor(index / 26) + 1) + String.fromCharCode(97 + (index % 26));
  for (let index = 0; index < 110; index += 1) await fetch(`http://127.0.0.1:${port}/${word(index)}`);
  await fetch(`http://127.0.0.1:${port}/real`);
  assert.is((await requests(111)).at(-1)?.endpoint, "/real");
});

test("what is ignored is not counted, and an ignore that throws disturbs nobody", async () => {
  const { client, requests } = await openRecorder();
  const ignore = (path: string) => {
    if (path === "/odd") throw new Error("from ignore");
    return path === "/health";
  };
  const middleware = metricsMiddleware(client, { ignore });
  const port = await listen(createServer(middleware.wrap((_request, response) => void response.end("ok"))));
  for (const path of ["/health", "/health?probe=1", "/odd", "/counted"]) {
    assert.is(await (await fetch(`http://127.0.0.1:${port}${path}`)).text(), "ok");
  }
  assert.equal(
    (await requests(1)).map(({ endpoint }) => endpoint),
    ["/counted"],
  );
});

test.run();
