import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import fastify from "fastify";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MetricsCollector, metricsMiddleware } from "../../../src/client/index.ts";
import { closeAll } from "../client-and-service.ts";
import { openRecorder } from "./request-recorder.ts";

test.after.each(closeAll);

/** Asks for each path in turn; returns `METHOD endpoint status`. */
async function ask(port: number, paths: readonly string[]): Promise<void> {
  for (const path of paths) await (await fetch(`http://127.0.0.1:${port}${path}`)).arrayBuffer();
}

test("with Express the endpoint is the template of the route, behind its router's path", async () => {
  const { client, requests } = await openRecorder();
  const app = express();
  app.use(metricsMiddleware(new MetricsCollector(client)));
  const router = express.Router();
  router.get("/items/:itemId", (_request: Request, response: Response) => void response.send("item"));
  router.get("/fails", () => {
    throw new Error("thrown");
  });
  router.get("/rejects", async () => {
    throw new Error("rejected");
  });
  router.get("/", (_request: Request, response: Response) => void response.json({}));
  app.use("/shops/:shopId", router);
  app.get("/plain/:a/:b", (_request: Request, response: Response) => void response.sendStatus(202));
  app.get(/^\/regex\/\d+$/, (_request: Request, response: Response) => void response.send("r"));
  app.use((_error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).send("failed");
  });
  const server: Server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const paths = [
    "/shops/7/items/9?x=1",
    "/shops/7/fails",
    "/shops/7/rejects",
    "/shops/7",
    "/plain/x/y",
    "/regex/12",
    "/nowhere/3",
  ];
  await ask((server.address() as AddressInfo).port, paths);
  const rows = await requests(paths.length);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  assert.equal(
    rows.map(({ endpoint, status }) => `${endpoint} ${status}`),
    [
      "/shops/{id}/items/:itemId 200",
      "/shops/{id}/fails 500",
      "/shops/{id}/rejects 500",
      "/shops/{id} 200",
      "/plain/:a/:b 202",
      "/regex/{id} 200",
      "/nowhere/{id} 404",
    ],
  );
  assert.equal([rows[0]?.responseBytes, rows[0]?.requestBytes], [4, 0]);
});

test("with Fastify the endpoint is the template of the route, also in other plugins", async () => {
  const { client, requests } = await openRecorder();
  const app = fastify();
  app.register(metricsMiddleware(client).fastify);
  app.get("/users/:userId", async () => ({ ok: true }));
  app.register(
    async (inner) => {
      inner.get("/fails/:id", async () => {
        throw new Error("thrown");
      });
      inner.post("/echo", async (request) => request.body);
    },
    { prefix: "/inner" },
  );
  await app.listen({ port: 0, host: "127.0.0.1" });
  const port = (app.server.address() as AddressInfo).port;
  await ask(port, ["/users/42", "/inner/fails/1", "/nowhere/3"]);
  const body = '{"a":"é"}';
  const headers = { "content-type": "application/json" };
  await (await fetch(`http://127.0.0.1:${port}/inner/echo`, { method: "POST", body, headers })).text();
  const rows = await requests(4);
  await app.close();
  assert.equal(
    rows.map(({ method, endpoint, status }) => `${method} ${endpoint} ${status}`),
    ["GET /users/:userId 200", "GET /inner/fails/:id 500", "GET /nowhere/{id} 404", "POST /inner/echo 200"],
  );
  assert.equal([rows[3]?.requestBytes, rows[3]?.responseBytes], [10, 10]);
});

test.run();
