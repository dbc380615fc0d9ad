import type { Config } from "../config.ts";
import type { CommandRun } from "./commands.ts";
import type { Output } from "./output.ts";

export async function runDemo(_run: Extract<CommandRun, { name: "demo" }>, _config: Config, output: Output): Promise<void> {
  output.remark("");
}
