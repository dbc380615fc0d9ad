import { test } from "uvu";
import * as assert from "uvu/assert";
import { withPythonNumbers } from "../../src/telemetry/exposition/python-numbers.ts";

/** What `floatToGoString` of Python's prometheus_client makes of each. */
const NUMBERS: readonly (readonly [ours: string, python: string])[] = [
  ["0", "0.0"],
  ["1", "1.0"],
  ["2.5", "2.5"],
  ["0.005", "0.005"],
  ["0.0001", "0.0001"],
  ["0.00001", "1e-05"],
  ["1.5e-7", "1.5e-07"],
  ["300", "300.0"],
  ["100000", "100000.0"],
  ["999999.5", "999999.5"],
  ["1000000", "1e+06"],
  ["1234567.5", "1.2345675e+06"],
  ["10000000", "1e+07"],
  ["12345678901", "1.2345678901e+010"],
  ["1e+21", "1e+21"],
  ["-3", "-3.0"],
  ["-1234567", "-1234567.0"],
  ["+Inf", "+Inf"],
  ["-Inf", "-Inf"],
  ["NaN", "NaN"],
];

for (const [ours, python] of NUMBERS) {
  test(`${ours} is ${python} as a value and as the bound of a bucket`, () => {
    assert.is(withPythonNumbers(`a ${ours}\n`), `a ${python}\n`);
    assert.is(withPythonNumbers(`a{b="1"} ${ours}`), `a{b="1"} ${python}`);
    assert.is(withPythonNumbers(`a_bucket{le="${ours}"} 7`), `a_bucket{le="${python}"} 7.0`);
    assert.is(
      withPythonNumbers(`a_bucket{b="x",le="${ours}"} ${ours}`),
      `a_bucket{b="x",le="${python}"} ${python}`,
    );
  });
}

/** A client chooses the texts of labels; none of them is taken for a number. */
const TEXTS = ["le=", ',le=\\"1\\"} 4', " 1", "a 1 2", "1", "\u2028a 7\u2028b", "\r5", "# TYPE 1"];

for (const text of TEXTS) {
  test(`a label stays as it is: ${JSON.stringify(text)}`, () => {
    const sample = (number: string) => `a_bucket{role="1",t="${text}",le="${number}"} ${number}`;
    assert.is(withPythonNumbers(`${sample("3")}\n${sample("3")}`), `${sample("3.0")}\n${sample("3.0")}`);
    assert.is(withPythonNumbers(`a{role="1",t="${text}"} 3`), `a{role="1",t="${text}"} 3.0`);
  });
}

test("comments stay as they are", () => {
  const text = "# HELP a Of 1 or 2\n# TYPE a counter\n";
  assert.is(withPythonNumbers(text), text);
});

test.run();
