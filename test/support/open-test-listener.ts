import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { systemClock } from "../../src/lib/clock.ts";
import type { NodeRequest, NodeResponse } from "../../src/transport/http/exchange.ts";
import { type Listener, type ListenerOptions, openListener } from "../../src/transport/listener/listener.ts";

export interface TestListener extends Listener {
  readonly errors: unknown[];
  /** Method and path of every request that reached the handler. */
  readonly seen: string[];
}

/** A listener on a free port of 127.0.0.1. The default handler answers with the body it was sent. */
export async function openTestListener(options: Partial<ListenerOptions> = {}): Promise<TestListener> {
  const errors: unknown[] = [];
  const seen: string[] = [];
  const onRequest = options.onRequest ?? echo;
  const listener = await openListener({
    host: "127.0.0.1",
    port: 0,
    clock: systemClock,
    onError: (error) => void errors.push(error),
    ...options,
    onRequest: (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      return onRequest(request, response);
    },
  });
  return { ...listener, errors, seen };
}

/** Answer 200 with the body. */
export async function echo(request: NodeRequest, response: NodeResponse): Promise<void> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk);
  } catch {
    // The peer went away within its body; there is nobody to answer.
    return;
  }
  response.setHeader("Content-Type", "text/plain");
  response.end(Buffer.concat(chunks));
}

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  text(): string;
  /** Resolves when the server has ended or reset the connection. */
  readonly closed: Promise<unknown>;
  /** Resolves when `pattern` has been received; rejects when the connection closes without it. */
  until(pattern: RegExp): Promise<void>;
}

/** A TCP connection that has `bytes` written to it and collects what comes back. */
export function connectRaw(port: number, bytes: string | Buffer = ""): RawConnection {
  const socket = connect({ port, host: "127.0.0.1" });
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
  });
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  if (bytes.length > 0) socket.write(bytes);
  return {
    socket,
    text: () => text,
    closed,
    async until(pattern) {
      while (!pattern.test(text)) {
        if (socket.closed) throw new Error(`the connection closed after ${JSON.stringify(text)}`);
        await Promise.race([once(socket, "data"), closed]);
      }
    },
  };
}
