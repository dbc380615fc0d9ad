import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../src/cli/commands.ts";
import { completionScript } from "../../src/cli/completion.ts";
import { needing } from "../support/needs.ts";
import { runCli } from "./run-cli.ts";

const PROGRAM = { name: "mcp-metrics", version: "1.0.0", summary: "", commands: COMMANDS };

/** What a shell offers for the last word of a line; the words are those that the parser takes. */
const LINES: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["ser", ["serve", "servers"]],
  ["keys ", ["create", "list", "update", "find", "revoke", "rotate", "--help"]],
  ["keys r", ["revoke", "rotate"]],
  ["--json keys cr", ["create"]],
  ["keys create gateway --role ", ["writer", "reader", "admin"]],
  ["keys create --role r", ["reader"]],
  ["keys create gateway --da", ["--daily-limit"]],
  ["keys update 3 --allow", ["--allow", "--allow-none"]],
  ["retention set metrics --state o", ["off"]],
  ["retention run --y", ["--yes"]],
  ["restore --j", ["--json"]],
  ["completion z", ["zsh"]],
  ["keys create gateway --description ", []],
  ["frobnicate ", []],
];

needing(test, "bash")("bash completes commands, options and choices, and leaves files to itself", () => {
  const script = completionScript(PROGRAM, "bash");
  for (const [line, offered] of LINES) {
    const words = ["mcp-metrics", ...line.split(" ")];
    const ask = `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mcp_metrics; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", `${script}\n${ask}`, "bash", ...words], {
      encoding: "utf8",
    });
    assert.is(stderr, "", line);
    assert.equal(
      stdout.split("\n").filter((word) => word !== ""),
      offered,
      line,
    );
  }
});

needing(test, "zsh")("zsh takes the script, and its function offers the same", () => {
  const script = completionScript(PROGRAM, "zsh");
  for (const [line, offered] of LINES.slice(0, 6)) {
    const words = ["mcp-metrics", ...line.split(" ")].map((word) => `'${word}'`);
    // As zsh's own bashcompinit calls it.
    const ask = `() { emulate -L sh; setopt kshglob noshglob braceexpand
      COMP_WORDS=(${words.join(" ")}); COMP_CWORD=${words.length - 1}; _mcp_metrics; printf '%s\\n' "\${COMPREPLY[@]}"; }`;
    const { stdout } = spawnSync("zsh", ["-f", "-c", `${script}\n${ask}`], {
      encoding: "utf8",
      timeout: 60_000,
    });
    // What does not begin as the word does, zsh leaves out itself.
    const begins = line.split(" ").at(-1) ?? "";
    const fitting = stdout.split("\n").filter((word) => word !== "" && word.startsWith(begins));
    assert.equal(fitting, offered, line);
  }
});

test("the scripts are printed by the program, which says its version in every way that people try", async () => {
  for (const shell of ["bash", "zsh"]) {
    const { code, stdout } = await runCli(["completion", shell], {});
    assert.equal([code, stdout.includes("_mcp_metrics()")], [0, true]);
  }
  assert.is((await runCli(["completion", "fish"], {})).code, 2);
  const texts = new Set<string>();
  for (const args of [
    ["--version"],
    ["-V"],
    ["version"],
    ["serve", "--version"],
    ["keys", "create", "x", "--version"],
  ]) {
    const { code, stdout } = await runCli(args, {});
    assert.is(code, 0, args.join(" "));
    texts.add(stdout);
  }
  assert.is(texts.size, 1);
  assert.match([...texts][0] ?? "", /^mcp-metrics \d+\.\d+\.\d+\n$/);
  const { stdout } = await runCli(["version", "--json"], {});
  assert.match(JSON.parse(stdout).node, /^\d+\./);
});

test.run();
