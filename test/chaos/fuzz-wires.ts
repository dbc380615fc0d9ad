import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { openSocket } from "../../bench/connection.ts";
import { readResponse } from "../../bench/http1-connection.ts";
import type { FuzzRequest } from "./fuzz-cases.ts";

export interface Outcome {
  /** 0: the connection or the stream ended without an answer. */
  readonly httpStatus: number;
  /** From trailers, headers or gRPC-Web's last frame. */
  readonly grpcStatus: number | undefined;
  /** How the answer begins, or how its absence came about. */
  readonly text: string;
}

/** A connection that sends whatever it is given. Opens anew when the server ended it. */
export interface Wire {
  exchange(request: FuzzRequest): Promise<Outcome>;
  close(): void;
}

const HANG_MS = 15_000;
const CLOSED = "closed";
/** More than the largest body, all of which this client queues: short of it, node's client drops streams. */
const CLIENT_MEMORY_MB = 200;
const TEXT_LENGTH = 300;

/** HTTP/1.1, written by hand: a proper client would refuse to send most of this. */
export function createHttp1Wire(port: number): Wire {
  let open = undefined as Awaited<ReturnType<typeof openSocket>> | undefined;
  return {
    async exchange(request) {
      const isReused = open !== undefined && !open.destroyed;
      if (open === undefined || !isReused) open = await openSocket(port);
      const socket = open;
      const isHonest = request.length === "chunked" || request.length === request.body.length;
      const outcome = await new Promise<Outcome & { isReusable: boolean }>((resolve) => {
        let received: Buffer = Buffer.alloc(0);
        const timer = setTimeout(() => finish("hangs", false), HANG_MS);
        function finish(text: string, isReusable: boolean): void {
          clearTimeout(timer);
          socket.removeAllListeners("data").removeListener("close", onClose);
          const response = readResponse(received);
          if (response === undefined) {
            resolve({ httpStatus: 0, grpcStatus: undefined, text, isReusable: false });
            return;
          }
          const body = response.body.toString("latin1");
          const grpc = /grpc-status: *(\d+)/i.exec(response.head + body);
          const grpcStatus = grpc === null ? undefined : Number(grpc[1]);
          resolve({ httpStatus: response.status, grpcStatus, text: body.slice(0, TEXT_LENGTH), isReusable });
        }
        function onClose(): void {
          finish(received.length === 0 ? CLOSED : `closed after ${received.length} bytes`, false);
        }
        socket.on("data", (chunk: Buffer) => {
          received = Buffer.concat([received, chunk]);
          const response = readResponse(received);
          if (response !== undefined) finish("", isHonest && !response.isLast);
        });
        socket.on("close", onClose);
        socket.write(serialise(request));
        // The rest of a body that was promised and is missing will never come.
        if (!isHonest) socket.end();
      });
      if (!outcome.isReusable) socket.destroy();
      // The server may end an idle connection just when it is used again; a new one tells.
      return isReused && outcome.text === CLOSED ? this.exchange(request) : outcome;
    },
    close: () => void open?.destroy(),
  };
}

function serialise({ method, path, headers, body, length }: FuzzRequest): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    "host: 127.0.0.1",
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  lines.push(length === "chunked" ? "transfer-encoding: chunked" : `content-length: ${length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  if (length !== "chunked") return Buffer.concat([head, body]);
  const end = Buffer.from("0\r\n\r\n");
  if (body.length === 0) return Buffer.concat([head, end]);
  return Buffer.concat([
    head,
    Buffer.from(`${body.length.toString(16)}\r\n`),
    body,
    Buffer.from("\r\n"),
    end,
  ]);
}

/** HTTP/2 by node's client, which frames properly: what is wrong is in the headers and the bytes. */
export function createHttp2Wire(port: number): Wire {
  let session = undefined as ClientHttp2Session | undefined;
  return {
    async exchange(request) {
      const isReused = session !== undefined && !session.closed && !session.destroyed;
      if (session === undefined || !isReused) {
        session = connect(`http://127.0.0.1:${port}`, { maxSessionMemory: CLIENT_MEMORY_MB });
        // Its streams report it; unheard, it would end this program.
        session.on("error", () => undefined);
      }
      const outcome = await exchangeOn(session, request);
      // The server may end a session with a stream on its way, and refuses that unprocessed; a new one tells.
      if (!isReused || !outcome.text.includes("REFUSED_STREAM")) return outcome;
      session.destroy();
      return this.exchange(request);
    },
    close: () => void session?.destroy(),
  };
}

function exchangeOn(session: ClientHttp2Session, request: FuzzRequest): Promise<Outcome> {
  return new Promise((resolve) => {
    let httpStatus = 0;
    let grpcStatus: number | undefined;
    const body: Buffer[] = [];
    const read = (headers: IncomingHttpHeaders) => {
      const found = headers["grpc-status"];
      if (found !== undefined) grpcStatus = Number(found);
      const message = headers["grpc-message"];
      if (message !== undefined) body.push(Buffer.from(decodeURIComponent(String(message))));
    };
    const finish = (text: string) => {
      clearTimeout(timer);
      const all = Buffer.concat(body).toString("latin1");
      const inBody = /grpc-status: *(\d+)/i.exec(all);
      if (inBody !== null) grpcStatus ??= Number(inBody[1]);
      resolve({ httpStatus, grpcStatus, text: text + all.slice(0, TEXT_LENGTH) });
    };
    const timer = setTimeout(() => {
      finish("hangs");
      session.destroy();
    }, HANG_MS);
    const pseudo = { ":method": request.method, ":path": request.path };
    try {
      const stream = session.request(
        { ...pseudo, ...Object.fromEntries(request.headers) },
        { endStream: false },
      );
      stream.on("response", (headers) => {
        httpStatus = Number(headers[":status"]);
        read(headers);
      });
      stream.on("trailers", read);
      stream.on("data", (chunk: Buffer) => body.push(chunk));
      stream.on("error", (error) => body.push(Buffer.from(String(error))));
      stream.on("close", () => finish(""));
      stream.end(request.body);
    } catch (error) {
      finish(`not sent: ${error}`);
    }
  });
}
