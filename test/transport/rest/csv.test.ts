import { test } from "uvu";
import * as assert from "uvu/assert";
import { ServiceError } from "../../../src/errors.ts";
import { csvRecord, exportCsv } from "../../../src/transport/rest/metrics/export-csv.ts";
import type { KeyedRequest, RestService } from "../../../src/transport/rest/route.ts";
import { failureOf } from "../../support/wait.ts";

const cells: readonly {
  readonly name: string;
  readonly cell: string | number | undefined;
  readonly written: string;
}[] = [
  { name: "plain text stays", cell: "tools/call", written: "tools/call" },
  { name: "nothing is nothing", cell: undefined, written: "" },
  { name: "a comma is quoted", cell: "a,b", written: '"a,b"' },
  { name: "a quote is doubled", cell: 'say "x"', written: '"say ""x"""' },
  { name: "a line end is quoted", cell: "a\r\nb", written: '"a\r\nb"' },
  { name: "JSON is quoted", cell: '{"a":1,"b":2}', written: '"{""a"":1,""b"":2}"' },
  { name: "a formula is defused", cell: "=1+1", written: "'=1+1" },
  { name: "a formula with a comma is both", cell: "=SUM(1,2)", written: '"\'=SUM(1,2)"' },
  { name: "plus, minus and at begin formulas too", cell: "@x", written: "'@x" },
  { name: "a minus before a word", cell: "-cmd|' /C calc'!A0", written: "'-cmd|' /C calc'!A0" },
  { name: "a tab hides one", cell: "\t=1", written: "'\t=1" },
  { name: "so does a carriage return", cell: "\r=1", written: '"\'\r=1"' },
  { name: "a number in text is no formula", cell: "-1.5e+3", written: "-1.5e+3" },
  { name: "neither is one that begins with plus", cell: "+49", written: "+49" },
  { name: "a number that is part of a formula is one", cell: "-1+1", written: "'-1+1" },
  { name: "numbers are written in full", cell: -0.1 - 0.2, written: "-0.30000000000000004" },
];

for (const { name, cell, written } of cells) {
  test(`in CSV, ${name}`, () => {
    assert.is(csvRecord([cell, 1]), `${written},1\r\n`);
  });
}

const NO_TIMES = ["yesterday", "2026-13-01", "2026-02-30T00:00:00Z", "NaN", "-", "0x10", "12:00", "\u0000"];

for (const name of ["start", "end"]) {
  for (const text of NO_TIMES) {
    test(`an export whose ${name} is ${JSON.stringify(text)} is rejected: that field is invalid`, async () => {
      const url = `/api/export.csv?type=custom&${name}=${encodeURIComponent(text)}`;
      // Nothing is asked of the service: there is none.
      const asked = { exchange: { request: { url } } } as KeyedRequest;
      const failure = await failureOf(exportCsv(asked, {} as RestService));
      assert.instance(failure, ServiceError);
      const { reason, violations } = failure as ServiceError;
      const said = violations.map((violation) => [violation.field, violation.reason]);
      assert.equal([reason, said], ["validation_failed", [[name, "invalid"]]]);
      assert.match(failure.message, new RegExp(`^${name}: .* is no time`));
    });
  }
}

test.run();
