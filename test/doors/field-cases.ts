import { ASTRAL, between, type DoorCase, keys, refused } from "./door-case.ts";

type Fields = Readonly<Record<string, unknown>>;

function dimensions(name: string, fields: Fields): DoorCase {
  return between(name, { dimensions: fields }, { rows: { metrics: [{}, { dimensions: fields }, {}] } });
}

function metadata(name: string, fields: Fields): DoorCase {
  return between(name, { metadata: fields }, { rows: { metrics: [{}, { metadata: fields }, {}] } });
}

const LONG_KEY = "k".repeat(51);
const START = "must start with letter";
const NOT_SCALAR = "must be a string, a finite number, a boolean or null";
const NO_NUMBER = {
  protocols: ["REST", "Connect JSON"],
  because: "a google.protobuf.Value in JSON has no such number, and JSON itself none",
} as const;

/** Dimensions and metadata at each limit, one more, and counted in code points. */
export const FIELD_CASES: readonly DoorCase[] = [
  between(
    "no dimensions and no metadata",
    { dimensions: null, metadata: null },
    {
      rows: { metrics: [{}, { dimensions: {}, metadata: {} }, {}] },
    },
  ),
  dimensions("20 dimensions", keys(20)),
  refused("21 dimensions", { dimensions: keys(21) }, "dimensions too_many", "Too many dimensions"),
  dimensions("a dimension key of 50 characters", keys(1, "k".repeat(49))),
  refused(
    "a dimension key of 51",
    { dimensions: { [LONG_KEY]: 1 } },
    `dimensions.${LONG_KEY} key_too_long`,
    "Dimension key too long",
  ),
  ...["1a", "a-b", "a.b", "é", "a b", "a\n", ASTRAL, "$x", "a\0"].map((key) =>
    refused(
      `the dimension key ${JSON.stringify(key)}`,
      { dimensions: { [key]: 1 } },
      `dimensions.${key} invalid_key`,
      START,
    ),
  ),
  refused("an empty dimension key", { dimensions: { "": 1 } }, "dimensions. invalid_key", START),
  dimensions("a dimension value of 200 characters", { k: "v".repeat(200) }),
  dimensions("a dimension value of 200 characters of two units", { k: ASTRAL.repeat(200) }),
  ...["v", ASTRAL].map((character) =>
    refused(
      `a dimension value of 201 × ${character}`,
      { dimensions: { k: character.repeat(201) } },
      "dimensions.k value_too_long",
      "Dimension value too long",
    ),
  ),
  dimensions("a dimension of every scalar", { s: "text", n: -1.5, t: true, f: false, z: null, e: "", o: 0 }),
  ...[{}, [], { a: 1 }, ["a"], [[]]].map((value) =>
    refused(
      `${JSON.stringify(value)} in a dimension`,
      { dimensions: { k: value } },
      "dimensions.k invalid_value",
      NOT_SCALAR,
    ),
  ),
  ...[Number.NaN, Infinity, -Infinity].map((value) =>
    refused(
      `${value} in a dimension`,
      { dimensions: { k: value } },
      "dimensions.k invalid_value",
      NOT_SCALAR,
      {
        notThrough: NO_NUMBER,
      },
    ),
  ),

  metadata("30 metadata fields", keys(30)),
  refused("31 metadata fields", { metadata: keys(31) }, "metadata too_many", "Too many metadata fields"),
  metadata("a metadata key of 50 characters of two units", { [ASTRAL.repeat(50)]: 1 }),
  metadata("a metadata key of anything", { "a.b c\n-'\"$": 1, "1": 2 }),
  refused(
    "a metadata key of 51",
    { metadata: { [LONG_KEY]: 1 } },
    `metadata.${LONG_KEY} invalid_key`,
    "1 to 50",
  ),
  refused("an empty metadata key", { metadata: { "": 1 } }, "metadata. invalid_key", "1 to 50"),
  metadata("a metadata value of 1000 characters", { k: "v".repeat(1000) }),
  metadata("a metadata value of 1000 characters of two units", { k: ASTRAL.repeat(1000) }),
  ...["v", ASTRAL].map((character) =>
    refused(
      `a metadata value of 1001 × ${character}`,
      { metadata: { k: character.repeat(1001) } },
      "metadata.k value_too_long",
      "Metadata value too long",
    ),
  ),
  metadata("an object and a list in metadata", {
    jsonrpc_id: null,
    params: { name: "search", arguments: { q: ["a", 1, null, { b: false }] } },
    list: [],
  }),
  metadata("an object of 1000 characters of JSON", { k: { a: "v".repeat(1000 - '{"a":""}'.length) } }),
  refused(
    "an object of 1001 characters of JSON",
    { metadata: { k: { a: "v".repeat(1001 - '{"a":""}'.length) } } },
    "metadata.k value_too_long",
    "Metadata value too long",
  ),
  ...[Number.NaN, Infinity].map((value) =>
    refused(
      `${value} in metadata`,
      { metadata: { k: value } },
      "metadata.k invalid_value",
      "must be finite",
      {
        notThrough: NO_NUMBER,
      },
    ),
  ),
];
