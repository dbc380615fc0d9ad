import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { DescMethod, DescService } from "@bufbuild/protobuf";

const GEN = join(import.meta.dirname, "../../../gen");

/** The RPCs that a service serves, found out by calling every one that there is code for. */
export async function servedRpcs(url: string): Promise<readonly DescMethod[]> {
  const files = readdirSync(GEN, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith("_pb.js"),
  );
  const modules = await Promise.all(files.map((name) => import(join(GEN, name)) as Promise<object>));
  const isService = (value: unknown): value is DescService =>
    typeof value === "object" && value !== null && "kind" in value && value.kind === "service";
  const methods = modules
    .flatMap((module) => Object.values(module))
    .filter(isService)
    .flatMap((service) => service.methods);
  const statuses = await Promise.all(
    methods.map(async (method) => {
      const answer = await fetch(`${url}/${method.parent.typeName}/${method.name}`, { method: "POST" });
      await answer.body?.cancel();
      return answer.status;
    }),
  );
  return methods.filter((_, index) => statuses[index] !== 404);
}
