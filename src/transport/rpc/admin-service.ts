import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import {
  AdminService,
  type ApiKeySchema,
  KeyRole as Role,
} from "../../../gen/mcp/metrics/v1/admin_service_pb.js";
import type { KeyAdministration } from "../../api/admin/keys.ts";
import { ServiceError } from "../../errors.ts";

type ApiKeyRecord = Awaited<ReturnType<KeyAdministration["list"]>>[number];
type KeyRole = ApiKeyRecord["role"];

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1000;

const FROM_ROLE: Readonly<Record<Role, KeyRole>> = {
  [Role.UNSPECIFIED]: "writer",
  [Role.WRITER]: "writer",
  [Role.READER]: "reader",
  [Role.ADMIN]: "admin",
};
const TO_ROLE: Readonly<Record<KeyRole, Role>> = {
  writer: Role.WRITER,
  reader: Role.READER,
  admin: Role.ADMIN,
};

/** AdminService over the same functions as the CLI. */
export function adminServiceRoutes(keys: KeyAdministration): (router: ConnectRouter) => void {
  const implementation: ServiceImpl<typeof AdminService> = {
    async createKey(request) {
      const role = FROM_ROLE[request.role];
      if (role === undefined) throw invalid("role", `unknown role ${request.role}`);
      const { record, secret } = await keys.create({
        service: request.service,
        role,
        rateLimit: request.rateLimit,
        allowedServices: request.allowedServices,
        expiresMs: request.expiresAt && toMs(request.expiresAt),
        description: request.description,
      });
      return { key: toApiKey(record), secret };
    },
    async listKeys({ pageSize, pageToken }) {
      if (pageSize < 0 || pageSize > PAGE_SIZE_MAX)
        throw invalid("page_size", `page_size is 0 to ${PAGE_SIZE_MAX}`);
      if (!/^\d{0,15}$/.test(pageToken)) throw invalid("page_token", "page_token is not one of ours");
      const after = (await keys.list()).filter(({ id }) => id > Number(pageToken));
      const page = after.slice(0, pageSize || PAGE_SIZE);
      const nextPageToken = page.length < after.length ? String(page.at(-1)?.id) : "";
      return { keys: page.map(toApiKey), nextPageToken };
    },
    revokeKey: async ({ id }) => ({ key: toApiKey(await keys.revoke(Number(id))) }),
    async rotateKey({ id, overlap }) {
      const seconds = Number(overlap?.seconds ?? 0) + (overlap?.nanos ?? 0) / 1e9;
      const { record, secret } = await keys.rotate(Number(id), seconds);
      return { key: toApiKey(record), secret };
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
