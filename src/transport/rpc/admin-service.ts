import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  AdminService,
  type ApiKeySchema,
  KeyRole as Role,
} from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { Administration } from "../../api/admin/administration.ts";
import type { Backup, BackupAnswer } from "../../api/admin/backup.ts";
import type { KeyAdministration } from "../../api/admin/keys.ts";
import { ServiceError } from "../../errors.ts";
import { actorOf, retentionRpcs } from "./admin-retention.ts";

type ApiKeyRecord = Awaited<ReturnType<KeyAdministration["list"]>>[number];
type KeyRole = ApiKeyRecord["role"];

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1000;

/** Without the unspecified one, which JSON with a role we do not know arrives as, and without that of servers. */
const FROM_ROLE: Readonly<Partial<Record<Role, Exclude<KeyRole, "server">>>> = {
  [Role.WRITER]: "writer",
  [Role.READER]: "reader",
  [Role.ADMIN]: "admin",
};
const TO_ROLE: Readonly<Record<KeyRole, Role>> = {
  writer: Role.WRITER,
  reader: Role.READER,
  admin: Role.ADMIN,
  server: Role.SERVER,
};

export interface AdminRoutes {
  readonly administration: Administration;
  readonly backup: Backup;
}

/** AdminService over the same functions as the CLI. */
export function adminServiceRoutes({ administration, backup }: AdminRoutes): (router: ConnectRouter) => void {
  const keysFor = (context: HandlerContext) => administration.keys(actorOf(context));
  const implementation: ServiceImpl<typeof AdminService> = {
    ...retentionRpcs(administration),
    async createKey(request, context) {
      const role = FROM_ROLE[request.role];
      if (role === undefined)
        throw invalid("role", "role must be KEY_ROLE_WRITER, KEY_ROLE_READER or KEY_ROLE_ADMIN");
      const { record, secret } = await keysFor(context).create({
        service: request.service,
        role,
        rateLimit: request.rateLimit,
        allowedServices: request.allowedServices,
        expiresMs: request.expiresAt && toMs(request.expiresAt),
        description: request.description,
        ...(request.dailyUsageLimit !== undefined && { dailyUsageLimit: Number(request.dailyUsageLimit) }),
        ...(request.monthlyUsageLimit !== undefined && {
          monthlyUsageLimit: Number(request.monthlyUsageLimit),
        }),
      });
      return { key: toApiKey(record), secret };
    },
    async listKeys({ pageSize, pageToken }, context) {
      if (pageSize < 0 || pageSize > PAGE_SIZE_MAX)
        throw invalid("page_size", `page_size is 0 to ${PAGE_SIZE_MAX}`);
      if (!/^\d{0,15}$/.test(pageToken)) throw invalid("page_token", "page_token is not one of ours");
      const after = (await keysFor(context).list()).filter(({ id }) => id > Number(pageToken));
      const page = after.slice(0, pageSize || PAGE_SIZE);
      const nextPageToken = page.length < after.length ? String(page.at(-1)?.id) : "";
      return { keys: page.map(toApiKey), nextPageToken };
    },
    revokeKey: async ({ id }, context) => ({ key: toApiKey(await keysFor(context).revoke(Number(id))) }),
    async rotateKey({ id, overlap }, context) {
      const seconds = Number(overlap?.seconds ?? 0) + (overlap?.nanos ?? 0) / 1e9;
      const { record, secret } = await keysFor(context).rotate(Number(id), seconds);
      return { key: toApiKey(record), secret };
    },
    async backup({ path }, context) {
      const act = { action: "backup", target: path };
      const describe = (answer: BackupAnswer) => ({ bytes: answer.bytes });
      const work = () => backup(path);
      const { bytes, seconds } = await administration.audit.spanning(actorOf(context), act, work, describe);
      return { path, bytes: BigInt(bytes), duration: durationFromMs(Math.round(seconds * 1000)) };
    },
  };
  return (router) => void router.service(AdminService, implementation);
}

function toApiKey(record: ApiKeyRecord): MessageInitShape<typeof ApiKeySchema> {
  return {
    id: BigInt(record.id),
    service: record.service,
    role: TO_ROLE[record.role],
    rateLimit: record.rateLimit,
    allowedServices: [...record.allowedServices],
    isActive: record.isActive,
    createdAt: timestampFromMs(record.createdMs),
    ...(record.expiresMs !== undefined && { expiresAt: timestampFromMs(record.expiresMs) }),
    description: record.description,
    usageCount: BigInt(record.usageCount),
    ...(record.lastUsedMs !== undefined && { lastUsedAt: timestampFromMs(record.lastUsedMs) }),
    ...(record.dailyUsageLimit !== undefined && { dailyUsageLimit: BigInt(record.dailyUsageLimit) }),
    ...(record.monthlyUsageLimit !== undefined && { monthlyUsageLimit: BigInt(record.monthlyUsageLimit) }),
    serverId: record.serverId ?? "",
  };
}

function toMs({ seconds, nanos }: Timestamp): number {
  return Number(seconds) * 1000 + Math.floor(nanos / 1e6);
}

function invalid(field: string, message: string): ServiceError {
  return new ServiceError("validation_failed", message, {
    violations: [{ field, reason: "invalid", message }],
  });
}
