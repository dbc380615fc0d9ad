import { between, type DoorCase, type Expected } from "./door-case.ts";

type Fields = Readonly<Record<string, unknown>>;

function kept(name: string, fields: Fields): DoorCase {
  const row = { dimensions: fields, metadata: fields };
  return between(name, { dimensions: fields, metadata: fields }, { rows: { metrics: [{}, row, {}] } });
}

/** JavaScript finds these names on every object, and `__proto__` changes what it is. */
const NAMES_OF_OBJECTS = ["constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

function ownEntries(...names: readonly string[]): Fields {
  return JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}: "data"`).join(",")}}`) as Fields;
}

const HALF_PAIR: Expected = {
  rows: {
    metrics: [{}, { dimensions: { tool_name: "a\ufffdb", x: "\ufffd" }, metadata: { k: "\ufffd" } }, {}],
  },
};

/** Text and numbers that have broken somebody's service before. */
export const TEXT_CASES: readonly DoorCase[] = [
  kept("text of every plane", { k: "héllo wörld · Ελληνικά · 日本語 · 👩‍👩‍👧 · 𝕏", rtl: "\u202eabc\u200b" }),
  kept("text that is SQL, JSON, HTML or a label", {
    sql: "'; DROP TABLE measurements; --",
    json: '{"a":"\\u0000"}',
    html: "<script>alert(1)</script>",
    label: 'a"b\\c\nd',
    line: "\u2028\u2029\r\n\t\u001b[2J",
    percent: "%s %n %d",
  }),
  between(
    "a NUL in text becomes U+FFFD",
    { dimensions: { tool_name: "a\0b", x: "\0" }, metadata: { k: "a\0" } },
    {
      rows: {
        metrics: [{}, { dimensions: { tool_name: "a\ufffdb", x: "\ufffd" }, metadata: { k: "a\ufffd" } }, {}],
      },
    },
  ),
  kept("keys that every object has", ownEntries(...NAMES_OF_OBJECTS)),
  kept("the key __proto__", ownEntries("__proto__")),
  kept("the key __proto__ among others", ownEntries("a", "__proto__", "constructor")),
  kept("numbers around 2^53", {
    a: 2 ** 53,
    b: -(2 ** 53),
    c: 2 ** 63,
    d: 1e21,
    e: 9_007_199_254_740_994,
    f: -0,
  }),
  kept("numbers at the ends of a double", { a: Number.MAX_VALUE, b: Number.MIN_VALUE, c: 0.1 + 0.2 }),
  between(
    "half a surrogate pair is stored as the replacement character and harms no neighbour",
    {
      type: "tool_execution",
      dimensions: { tool_name: "a\ud800b", x: "\udc00" },
      metadata: { k: "\ud83d" },
    },
    HALF_PAIR,
  ),
  between(
    "what the tables have columns for, in text that is odd",
    {
      type: "tool_execution",
      dimensions: { tool_name: "日本'--", server_name: "𝕏", method: 2 ** 53, client_name: true },
      metadata: { error_code: -32_601, input_size_bytes: 2 ** 53 },
    },
    {
      rows: {
        tool_metrics: [
          {
            tool_name: "日本'--",
            server_name: "𝕏",
            error_code: "-32601",
            input_size_bytes: 2 ** 53,
          },
        ],
      },
    },
  ),
];
