/** Files are read in pieces: wherever one ends, the rows are the same. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readCsv } from "../../src/legacy/export/csv.ts";
import { readDump } from "../../src/legacy/export/sql-dump.ts";

const CSV = `\ufeffid,"na""me",c\r\n1,"a ""quoted"" one, ""\n""",\n"""","",x\r,"""x""",""""""\n\n2,é🌧,1e-5`;
const COPY = `COPY public."odd ""name""" (id, "a ""b""", c) FROM stdin;
1\ta\\\\b\\n"x"\\t''\t\\N
2\t\\x41\\101\\.\té🌧\r
\\.

`;
const INSERT = `-- it's a "comment"
/* and '; */ SET x = 'a;''b';
CREATE TABLE IF NOT EXISTS public.t (id bigint NOT NULL, "a ""b""" text DEFAULT 'x''y', c numeric(10,2), PRIMARY KEY (id));
CREATE FUNCTION f() AS $_$ INSERT INTO t VALUES (9, 'no', 9); $_$;
INSERT INTO t VALUES (1, 'it''s ''''', -1.5e-7), (2, E'a\\'b\\\\''\\n', NULL);
INSERT INTO public.t OVERRIDING SYSTEM VALUE VALUES
  (3, '''', '{"k": "it''s \\"q\\""}'::jsonb), (4, $$it's$$, ARRAY['a','b']),
  (5, '', 1.25E+10);`;

const FORMS = {
  CSV: { text: CSV, read: readCsv },
  COPY: { text: COPY, read: readDump },
  INSERT: { text: INSERT, read: readDump },
} as const;

for (const [form, { text, read }] of Object.entries(FORMS)) {
  test(`${form}: two pieces, divided anywhere, and one for each character`, () => {
    const rowsOf = (pieces: readonly string[]): readonly unknown[] => [...read(pieces)];
    const whole = rowsOf([text]);
    for (let at = 0; at <= text.length; at += 1) {
      for (const more of [0, 1, 2, 3]) {
        const pieces = [text.slice(0, at), text.slice(at, at + more), text.slice(at + more)];
        assert.equal(rowsOf(pieces), whole, `divided at ${at} and ${at + more}: ${text.slice(at - 9, at)}|`);
      }
    }
    assert.equal(rowsOf([...text].flatMap((character) => ["", character])), whole);
  });
}

test("what each form says is read", () => {
  assert.equal(
    [...readCsv([CSV.slice(1)])],
    [
      ["id", 'na"me', "c"],
      ["1", 'a "quoted" one, "\n"', null],
      ['"', "", "x"],
      [null, '"x"', '""'],
      ["2", "é🌧", "1e-5"],
    ],
  );
  const columns = ["id", 'a "b"', "c"];
  assert.equal(
    [...readDump([COPY])],
    [
      { table: 'odd "name"', columns, cells: ["1", "a\\b\n\"x\"\t''", null] },
      { table: 'odd "name"', columns, cells: ["2", "AA.", "é🌧"] },
    ],
  );
  assert.equal(
    [...readDump([INSERT])].map(({ table, columns: named, cells }) => {
      assert.equal([table, named], ["t", columns]);
      return cells;
    }),
    [
      ["1", "it's ''", "-1.5e-7"],
      ["2", "a'b\\'\n", null],
      ["3", "'", '{"k": "it\'s \\"q\\""}'],
      ["4", "it's", null],
      ["5", "", "1.25E+10"],
    ],
  );
});

test.run();
