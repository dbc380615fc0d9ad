/**
 * Clients of AdminService and their conversions: a message of the wire becomes the record that the database
 * would have given. What never travels (a key's hash) is empty in it.
 */
import { durationFromMs, durationMs, timestampFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AdminService, type ApiKey, KeyRole as Role } from "../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { Backup } from "../api/admin/backup.ts";
import type { CreateKeyInput, KeyAdministration } from "../api/admin/keys.ts";
import type { ApiKeyRecord, KeyRole } from "../store/keys.ts";

/** By the number of the enum `Role`; unspecified counts as the least right. */
const ROLES = ["writer", "writer", "reader", "admin", "server"] as const satisfies readonly KeyRole[];
/** Keys a page, as many as the service gives at once. */
const PAGE_SIZE = 1000;

/**
 * How a running service on this machine is called.
 *
 * The certificate is not verified: the address comes from a file that only the service's owner can write, and
 * certificates are made for the service's public name, not for a loopback address.
 * Calls follow one another, for which HTTP/1.1 suffices.
 */
export function connectTransport(url: string, adminKey: string): Transport {
  return createConnectTransport({
    baseUrl: url,
    httpVersion: "1.1",
    nodeOptions: url.startsWith("https:") ? { rejectUnauthorized: false } : {},
    interceptors: [
      (next) => (request) => {
        request.header.set("x-api-key", adminKey);
        return next(request);
      },
    ],
  });
}

/** A client of AdminService, with the generated messages. */
export function connectAdmin(url: string, adminKey: string) {
  return createClient(AdminService, connectTransport(url, adminKey));
}

/**
 * Let a running service write a backup of the database it holds. The path is the service's, which runs on
 * this machine; it answers when the backup is complete and on disk, however long that takes.
 */
export function createBackupClient(url: string, adminKey: string): Backup {
  const admin = connectAdmin(url, adminKey);
  return async (path) => {
    const answer = await unwrapRpcError(admin.backup({ path }));
    const ms = answer.duration === undefined ? 0 : durationMs(answer.duration);
    return { path: answer.path, bytes: Number(answer.bytes), seconds: ms / 1000 };
  };
}

/** The settings that a running service on this machine has in force, secrets masked. */
export async function readConfiguration(url: string, adminKey: string): Promise<readonly SettingInForce[]> {
  const { settings } = await unwrapRpcError(connectAdmin(url, adminKey).getConfiguration({}));
  return settings.map(({ name, value, isDefault }) => ({ name, value, isDefault }));
}

/** One setting as a service has it. */
export interface SettingInForce {
  readonly name: string;
  readonly value: string;
  readonly isDefault: boolean;
}

/**
 * Administer the keys of a running service on this machine as if its database were open here. `list` follows
 * the pages to the end. Rejects with an `Error` of the service's message.
 */
export function createAdminClient(url: string, adminKey: string): KeyAdministration {
  const admin = connectAdmin(url, adminKey);

  async function list(): Promise<readonly ApiKeyRecord[]> {
    const records: ApiKeyRecord[] = [];
    let pageToken = "";
    do {
      const page = await unwrapRpcError(admin.listKeys({ pageSize: PAGE_SIZE, pageToken }));
      records.push(...page.keys.map(toRecord));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    return records;
  }

  return {
    list,
    async create(input: CreateKeyInput) {
      const { service, role, rateLimit, allowedServices, expiresMs, description } = input;
      const { dailyUsageLimit, monthlyUsageLimit } = input;
      const answer = await unwrapRpcError(
        admin.createKey({
          service,
          role: { writer: Role.WRITER, reader: Role.READER, admin: Role.ADMIN }[role],
          ...(rateLimit !== undefined && { rateLimit }),
          allowedServices: [...allowedServices],
          ...(expiresMs !== undefined && { expiresAt: timestampFromMs(expiresMs) }),
          description,
          ...(dailyUsageLimit !== undefined && { dailyUsageLimit: BigInt(dailyUsageLimit) }),
          ...(monthlyUsageLimit !== undefined && { monthlyUsageLimit: BigInt(monthlyUsageLimit) }),
        }),
      );
      return { record: toRecord(answer.key), secret: answer.secret };
    },
    async find(text) {
      const { key } = await unwrapRpcError(admin.findKey({ key: text }));
      return key && toRecord(key);
    },
    async update(id, change) {
      const { rateLimit, dailyUsageLimit: daily, monthlyUsageLimit: monthly, description } = change;
      const { allowedServices } = change;
      const request = {
        id: BigInt(id),
        ...(rateLimit !== undefined && { rateLimit }),
        // 0 on the wire takes a limit away.
        ...(daily !== undefined && { dailyUsageLimit: BigInt(daily ?? 0) }),
        ...(monthly !== undefined && { monthlyUsageLimit: BigInt(monthly ?? 0) }),
        ...(description !== undefined && { description }),
        ...(allowedServices !== undefined && { allowedServices: { globs: [...allowedServices] } }),
      };
      return toRecord((await unwrapRpcError(admin.updateKey(request))).key);
    },
    revoke: async (id) => toRecord((await unwrapRpcError(admin.revokeKey({ id: BigInt(id) }))).key),
    async rotate(id, overlapSeconds) {
      const overlap = durationFromMs(overlapSeconds * 1000);
      const answer = await unwrapRpcError(admin.rotateKey({ id: BigInt(id), overlap }));
      return { record: toRecord(answer.key), secret: answer.secret };
    },
  };
}

/**
 * The answer; rejects with the service's message alone. `ConnectError.message` begins with the code in
 * brackets, which people at a terminal have no use for.
 */
export async function unwrapRpcError<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw error instanceof ConnectError ? new Error(error.rawMessage, { cause: error }) : error;
  }
}

/** The record of a key; proto3 leaves absent what has no presence, so that empty means none. */
function toRecord(key: ApiKey | undefined): ApiKeyRecord {
  if (key === undefined) throw new Error("the service answered without a key");
  return {
    id: Number(key.id),
    keyHash: "",
    prefix: key.prefix || undefined,
    service: key.service,
    role: ROLES[key.role] ?? "writer",
    rateLimit: key.rateLimit,
    allowedServices: key.allowedServices,
    isActive: key.isActive,
    createdMs: key.createdAt === undefined ? 0 : timestampMs(key.createdAt),
    expiresMs: key.expiresAt && timestampMs(key.expiresAt),
    description: key.description,
    usageCount: Number(key.usageCount),
    lastUsedMs: key.lastUsedAt && timestampMs(key.lastUsedAt),
    dailyUsageLimit: key.dailyUsageLimit === undefined ? undefined : Number(key.dailyUsageLimit),
    monthlyUsageLimit: key.monthlyUsageLimit === undefined ? undefined : Number(key.monthlyUsageLimit),
    serverId: key.serverId || undefined,
  };
}
