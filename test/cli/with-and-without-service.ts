import * as assert from "uvu/assert";
import { startTestService } from "../support/service.ts";
import { type Env, freshEnvironment, runCli } from "./run-cli.ts";

/** Runs a command that must succeed, and returns its JSON. */
export async function runJson(env: Env, ...args: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await runCli([...args, "--json"], env);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout);
}

/** The same guarantees through a running service, at `url`, and on a database that no service has open. */
export async function withAndWithoutService(
  work: (env: Env, url: string | undefined) => Promise<void>,
): Promise<void> {
  const { env } = freshEnvironment();
  const service = await startTestService(env);
  try {
    await Promise.all([work(freshEnvironment().env, undefined), work(env, service.url)]);
  } finally {
    await service.close();
  }
}
