import type { SubmittedCollect } from "../../api/directory/collect.ts";
import { ServiceError } from "../../errors.ts";
import { isRecord } from "../../lib/json.ts";
import { parseJson } from "../http/parse-json.ts";

/** A body of the directory's clients. @throws {ServiceError} `malformed_body` */
export async function readDirectoryJson(body: Buffer): Promise<Readonly<Record<string, unknown>>> {
  try {
    const parsed = await parseJson(body);
    if (isRecord(parsed)) return parsed;
  } catch (cause) {
    throw new ServiceError("malformed_body", "Invalid JSON payload", { cause });
  }
  throw new ServiceError("malformed_body", "Invalid JSON payload");
}

/** What comes beside a body of metrics. */
export interface CollectEnvelope {
  /** Named outside the body. */
  readonly serverId: string;
  /** The HMAC of the bytes, hex; undefined where none was sent. */
  readonly signature: string | undefined;
  /** Of the headers; a key in the body wins over it. */
  readonly idempotencyKey: string | undefined;
}

/** A body of metrics as a webhook sends it: what was signed is its bytes. */
export async function collectFromJson(bytes: Buffer, envelope: CollectEnvelope): Promise<SubmittedCollect> {
  const body = await readDirectoryJson(bytes);
  return {
    serverIds: [envelope.serverId, body.server_id, body.serverId],
    metrics: body.metrics,
    timestamp: body.timestamp,
    idempotencyKey: body.idempotency_key || envelope.idempotencyKey,
    signed: { bytes, signature: envelope.signature },
  };
}
