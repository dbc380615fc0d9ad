import { openReader } from "../../src/sqlite/file/open.ts";
import { type TestService, WRITER_KEY } from "../support/service.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** GET with a bearer token, as Prometheus and composers' clients send it. */
export async function get({ url }: TestService, path: string, key?: string): Promise<Answer> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return toAnswer(await fetch(url + path, { headers }));
}

export async function submit(
  { url }: TestService,
  metrics: readonly object[],
  sender: { readonly service?: string; readonly instance_id?: string; readonly key?: string } = {},
): Promise<Answer> {
  const { key = WRITER_KEY, service = "test", instance_id } = sender;
  const body = JSON.stringify({ service, instance_id, metrics });
  const headers = { "x-api-key": key, "content-type": "application/json" };
  return toAnswer(await fetch(`${url}/metrics`, { method: "POST", headers, body }));
}

async function toAnswer(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.startsWith("application/json");
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

/** Rows as somebody with a SQLite shell sees them, while the service runs. */
export function readRows({ databasePath }: TestService, sql: string): Record<string, unknown>[] {
  const database = openReader(databasePath);
  try {
    // The driver adds `_metadata`.
    return database.all(sql).map(({ _metadata, ...row }) => row);
  } finally {
    database.close();
  }
}
