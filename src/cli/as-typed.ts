import { COMMANDS } from "./commands.ts";

/** How a checkout, a package and a container call the program. */
const BY_SCRIPT = "npm run -s mcp-metrics --";
const BY_PACKAGE = "npx mcp-metrics";

/** The first words of commands, where a text names one as `mcp-metrics keys list`. */
const FIRST_WORDS = [...new Set(COMMANDS.map(({ name }) => name.split(" ", 1)[0]))].join("|");
const NAMED = new RegExp(`(?<![\\w./-])mcp-metrics (?=(?:${FIRST_WORDS}|--help)(?![\\w-]))`, "g");

/**
 * Texts name a command as `mcp-metrics keys list`. Where no such program is on the path, their reader gets it as it has
 * to be typed there.
 */
export function createAsTyped(isScriptOfNpm: boolean): (text: string) => string {
  const isPackage = import.meta.url.endsWith(".js");
  if (!isScriptOfNpm && !isPackage) return (text) => text;
  const called = isScriptOfNpm ? BY_SCRIPT : BY_PACKAGE;
  return (text) => text.replaceAll(NAMED, `${called} `);
}
