import type { Command } from "./command.ts";

// Arguments and options that several commands have.
const ID = {
  type: "integer",
  required: true,
  description: "Number of the key, as `keys list` shows it",
} as const;

const SERVER_ID = {
  type: "text",
  required: true,
  description: "Id of the server, as `servers list` shows it",
} as const;

const TABLE = {
  type: "text",
  valueName: "name",
  description: "This table; all when absent",
} as const;

/**
 * The command line as data: parsing, help and the types of every command's values derive from this table.
 * Names and options are an interface that scripts use; renaming one breaks them.
 */
export const COMMANDS = [
  { name: "serve", summary: "Run the service" },
  { name: "migrate status", summary: "Show which migrations are applied" },
  {
    name: "migrate up",
    summary: "Apply migrations",
    options: { to: { type: "integer", description: "Stop at this version" } },
  },
  {
    name: "migrate down",
    summary: "Undo the migrations above a version; what they stored is lost",
    positionals: { version: { type: "integer", required: true, description: "The version to go back to" } },
    options: { yes: { type: "flag", description: "Do it, instead of saying what would be done" } },
  },
  { name: "migrate list", summary: "List the migrations this program has" },
  {
    name: "migrate create",
    summary: "Start a new migration",
    positionals: {
      name: { type: "text", required: true, description: "What it does, such as `add_client_regions`" },
    },
  },
  {
    name: "keys create",
    summary: "Make an API key and print it, once",
    positionals: { service: { type: "text", required: true, description: "The service it belongs to" } },
    options: {
      role: {
        type: "choice",
        choices: ["writer", "reader", "admin"],
        default: "writer",
        description: "What its bearer may do",
      },
      "rate-limit": { type: "integer", description: "Requests a minute; METRICS_RATE_LIMIT when absent" },
      "daily-limit": { type: "integer", description: "Requests a day (UTC); none when absent" },
      "monthly-limit": { type: "integer", description: "Requests a month (UTC); none when absent" },
      allow: {
        type: "text",
        multiple: true,
        valueName: "glob",
        description: "A further service it may write under METRICS_SERVICE_BINDING=strict",
      },
      expires: { type: "duration", description: "How long it is valid; for ever when absent" },
      description: { type: "text", default: "", description: "What it is for" },
    },
  },
  { name: "keys list", summary: "List API keys, without their secrets" },
  {
    name: "keys update",
    summary: "Change limits, description or allowed services of an API key at once",
    positionals: { id: ID },
    options: {
      "rate-limit": { type: "integer", description: "Requests a minute" },
      "daily-limit": { type: "limit", description: "Requests a day (UTC)" },
      "monthly-limit": { type: "limit", description: "Requests a month (UTC)" },
      description: { type: "text", description: "What it is for" },
      allow: {
        type: "text",
        multiple: true,
        valueName: "glob",
        description: "A further service it may write; those given replace all that there were",
      },
      "allow-none": { type: "flag", description: "Let it write no further service" },
    },
  },
  {
    name: "keys find",
    summary: "Say which API key a key is that you have, read from standard input",
  },
  { name: "keys revoke", summary: "Turn an API key off at once", positionals: { id: ID } },
  {
    name: "keys rotate",
    summary: "Replace an API key by a new one with the same rights",
    positionals: { id: ID },
    options: {
      overlap: { type: "duration", default: 0, description: "How long the old key works on, at most 90d" },
    },
  },
  {
    name: "servers register",
    summary: "Register a server of the directory and print its key, once",
    positionals: { id: { type: "text", required: true, description: "Its id, such as `server-123`" } },
    options: {
      name: { type: "text", description: "What people call it; its id when absent" },
      public: { type: "flag", description: "Let its figures be fetched without a key" },
      signed: { type: "flag", description: "Make a webhook secret and print it, too" },
      "webhook-url": { type: "text", valueName: "URL", description: "Where its webhook is; never called" },
      tool: {
        type: "text",
        multiple: true,
        valueName: "id",
        description: "A tool it has; with some, uses of others are refused",
      },
      "rate-limit": { type: "integer", description: "Requests a minute; METRICS_RATE_LIMIT when absent" },
    },
  },
  { name: "servers list", summary: "List the servers of the directory, without their secrets" },
  {
    name: "servers rotate",
    summary: "Replace the key of a server by a new one",
    positionals: { id: SERVER_ID },
    options: {
      overlap: { type: "duration", default: 0, description: "How long the old key works on, at most 90d" },
    },
  },
  {
    name: "servers secret",
    summary: "Make a new webhook secret for a server and print it, once",
    positionals: { id: SERVER_ID },
    options: { remove: { type: "flag", description: "Remove it: its metrics need not be signed then" } },
  },
  {
    name: "servers disable",
    summary: "Refuse the metrics of a server; what is stored stays",
    positionals: { id: SERVER_ID },
  },
  { name: "servers enable", summary: "Take the metrics of a server again", positionals: { id: SERVER_ID } },
  {
    name: "backup",
    summary: "Write a consistent copy of the database to a new file, also while the service runs",
    positionals: { path: { type: "text", required: true, description: "The file; it must not exist" } },
  },
  {
    name: "restore",
    summary:
      "Check a backup and put it in the place of the database, while no service runs; the old one is kept",
    positionals: { path: { type: "text", required: true, description: "The backup; it is only read" } },
  },
  {
    name: "rollups verify",
    summary: "Compare hours with their measurements and days with their hours, also while the service runs",
  },
  {
    name: "import-legacy",
    summary: "Take over a predecessor's SQLite file, or a directory's export (CSV or SQL); repeatable",
    positionals: {
      path: { type: "text", required: true, description: "The file, or a folder of them; it is only read" },
    },
    options: {
      public: { type: "flag", description: "Anyone may see servers of which the export does not say it" },
    },
  },
  { name: "retention list", summary: "Show how long each table keeps its rows" },
  {
    name: "retention set",
    summary: "Change how long a table keeps its rows",
    positionals: { table: { type: "text", required: true, description: "As `retention list` shows it" } },
    options: {
      days: { type: "integer", valueName: "N", description: "1 to 36500" },
      state: { type: "choice", choices: ["active", "off"], description: "Off: nothing is deleted" },
    },
  },
  {
    name: "retention preview",
    summary: "Show what a cleanup would delete",
    options: { table: TABLE },
  },
  {
    name: "retention run",
    summary: "Delete what is older than its table keeps; without --yes, say what that would be",
    options: {
      table: TABLE,
      yes: { type: "flag", description: "Do it, instead of saying what would be done" },
      force: { type: "flag", description: "Vouch for a clock that is ahead of the time the service knows" },
    },
  },
  { name: "version", summary: "Show the version" },
  {
    name: "completion",
    summary: "Print a script that lets a shell complete command lines",
    positionals: {
      shell: { type: "choice", choices: ["bash", "zsh"], required: true, description: "bash or zsh" },
    },
  },
  {
    name: "doctor",
    summary: "Check configuration, database, ports and clock",
    options: {
      full: { type: "flag", description: "Compare every index with its table, too, however long it takes" },
    },
  },
] as const satisfies readonly Command[];

/** A parsed command line: one member for each command of the table, with its values typed. */
export type CommandRun = import("./command.ts").Run<(typeof COMMANDS)[number]>;
