import { test } from "uvu";
import * as assert from "uvu/assert";
import { HourCache } from "../../../src/sqlite/query/hour-cache.ts";

const MEGABYTE = 1_000_000;
const chunk = (bytes: number) => ({ buckets: [], keyIds: [], columns: [], sketches: new Uint8Array(bytes) });

function createCounted(cache: HourCache) {
  let reads = 0;
  return {
    get: (name: string, version = 1, bytes = 1) =>
      cache.get(name, version, () => {
        reads += 1;
        return chunk(bytes);
      }),
    get reads() {
      return reads;
    },
  };
}

test("an hour is read once for each of its versions", () => {
  const hours = createCounted(new HourCache());
  for (const version of [0, 0, 7, 7, 0]) hours.get("1 2", version);
  assert.is(hours.reads, 3);
});

test("what is kept does not exceed 32 MB, and what was used last is kept longest", () => {
  const hours = createCounted(new HourCache());
  for (let hour = 0; hour < 100; hour += 1) {
    hours.get("often", 1, MEGABYTE);
    hours.get(`${hour}`, 1, MEGABYTE);
  }
  assert.is(hours.reads, 101);
  for (let hour = 99; hour > 99 - 29; hour -= 1) hours.get(`${hour}`, 1, MEGABYTE);
  assert.is(hours.reads, 101);
  hours.get("0", 1, MEGABYTE);
  assert.is(hours.reads, 102);
});

test("an hour larger than all that may be kept is answered and not kept", () => {
  const hours = createCounted(new HourCache());
  for (let time = 0; time < 2; time += 1) assert.is(hours.get("huge", 1, 40 * MEGABYTE).buckets.length, 0);
  assert.is(hours.reads, 2);
});

test.run();
