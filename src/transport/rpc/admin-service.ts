import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  AdminService,
  type ApiKeySchema,
  KeyRole as Role,
} from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { Administration } from "../../api/admin/administration.ts";
import type { Backup, BackupAnswer } from "../../api/admin/backup.ts";
import type { KeyAdministration } from "../../api/admin/keys.ts";
import { type PageBounds, readPage } from "../../api/page.ts";
import { invalidField } from "../../errors.ts";
import { actorOf, retentionRpcs } from "./admin-retention.ts";
import { fromSeconds, toMs, toSeconds } from "./times.ts";

/** A key as it is stored, without its secret. */
type ApiKeyRecord = Awaited<ReturnType<KeyAdministration["list"]>>[number];
/** Whatever role a key may have. */
type KeyRole = ApiKeyRecord["role"];

/** Without the unspecified one, which JSON with a role we do not know arrives as, and without that of servers. */
const FROM_ROLE: Readonly<Partial<Record<Role, Exclude<KeyRole, "server">>>> = {
  [Role.WRITER]: "writer",
  [Role.READER]: "reader",
  [Role.ADMIN]: "admin",
};
/** Every role has its word on the wire. */
const TO_ROLE: Readonly<Record<KeyRole, Role>> = {
  writer: Role.WRITER,
  reader: Role.READER,
  admin: Role.ADMIN,
  server: Role.SERVER,
};

/** The operations that AdminService is made of. */
export interface AdminRoutes {
  /** Keys, retention, the database and the audit trail. */
  readonly administration: Administration;
  /** Copies the database into a file of this machine. */
  readonly backup: Backup;
  /** Every setting in force, secrets masked. */
  readonly settings: readonly {
    readonly name: string;
    readonly value: string;
    readonly isDefault: boolean;
  }[];
}

/** AdminService over the same functions as the CLI. */
export function adminServiceRoutes({
  administration,
  backup,
  settings,
}: AdminRoutes): (router: ConnectRouter) => void {
  const keysFor = (context: HandlerContext) => administration.keys(actorOf(context));
  const implementation: ServiceImpl<typeof AdminService> = {
    ...retentionRpcs(administration),
    async createKey(request, context) {
      const role = FROM_ROLE[request.role];
      if (role === undefined)
        throw invalidField(
          "role",
          "invalid",
          "role must be KEY_ROLE_WRITER, KEY_ROLE_READER or KEY_ROLE_ADMIN",
        );
      const { record, secret } = await keysFor(context).create({
        service: request.service,
        role,
        rateLimit: request.rateLimit,
        allowedServices: request.allowedServices,
        expiresMs: toMs(request.expiresAt),
        description: request.description,
        ...(request.dailyUsageLimit !== undefined && { dailyUsageLimit: Number(request.dailyUsageLimit) }),
        ...(request.monthlyUsageLimit !== undefined && {
          monthlyUsageLimit: Number(request.monthlyUsageLimit),
        }),
      });
      return { key: toApiKey(record), secret };
    },
    async listKeys(request, context) {
      const read = async ({ lastId = 0, limit }: PageBounds) =>
        (await keysFor(context).list()).filter(({ id }) => id > lastId).slice(0, limit);
      const { rows, nextPageToken } = await readPage(request, read, ({ id }) => id);
      return { keys: rows.map(toApiKey), nextPageToken };
    },
    async findKey({ key }, context) {
      const record = await keysFor(context).find(key);
      return record === undefined ? {} : { key: toApiKey(record) };
    },
    async updateKey({ id, dailyUsageLimit: daily, monthlyUsageLimit: monthly, ...change }, context) {
      const record = await keysFor(context).update(Number(id), {
        rateLimit: change.rateLimit,
        dailyUsageLimit: quotaOf(daily),
        monthlyUsageLimit: quotaOf(monthly),
        description: change.description,
        allowedServices: change.allowedServices?.globs,
      });
      return { key: toApiKey(record) };
    },
    revokeKey: async ({ id }, context) => ({ key: toApiKey(await keysFor(context).revoke(Number(id))) }),
    async rotateKey({ id, overlap }, context) {
      const { record, secret } = await keysFor(context).rotate(Number(id), toSeconds(overlap));
      return { key: toApiKey(record), secret };
    },
    getConfiguration: async () => ({ settings: [...settings] }),
    async backup({ path }, context) {
      const act = { action: "backup", target: path };
      const describe = (answer: BackupAnswer) => ({ bytes: answer.bytes });
      const work = () => backup(path);
      const { bytes, seconds } = await administration.audit.spanning(actorOf(context), act, work, describe);
      return { path, bytes: BigInt(bytes), duration: fromSeconds(seconds) };
    },
  };
  return (router) => void router.service(AdminService, implementation);
}

/** A quota of a change: 0 on the wire is none, and absent stays absent. */
function quotaOf(limit: bigint | undefined): number | null | undefined {
  if (limit === undefined) return undefined;
  return limit === 0n ? null : Number(limit);
}

/** A key as it is shown: without the secret, of which only a hash is stored. */
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
    prefix: record.prefix ?? "",
  };
}
