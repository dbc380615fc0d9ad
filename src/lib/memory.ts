import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";

/** What this process may take: the container's limit where there is one, else the machine's memory. In bytes. */
function memoryLimit(): number {
  // 0 where there is no limit that can be known, and beyond the machine's memory where there is none.
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** What an idle service takes, with its threads, caches and series. */
const IDLE_BYTES = 224 * 2 ** 20;
/**
 * Memory that a byte of a body takes until it is stored: as received, as text, as values, as rows on both sides
 * of the writer thread. Measured with the largest bodies that are valid.
 */
const BYTES_PER_BODY_BYTE = 9;
/** The part of it that is on the heap of the main thread. */
const HEAP_BYTES_PER_BODY_BYTE = 4;
/** What any machine holds: smaller, the largest request could never be taken. */
const LEAST_BYTES = 8 * 2 ** 20;

/** Bytes of bodies that this machine, or container, can work on at once. */
export function bodyBytesInMemory(): number {
  const fromMemory = (memoryLimit() - IDLE_BYTES) / BYTES_PER_BODY_BYTE;
  const fromHeap = getHeapStatistics().heap_size_limit / 2 / HEAP_BYTES_PER_BODY_BYTE;
  return Math.max(LEAST_BYTES, Math.floor(Math.min(fromMemory, fromHeap)));
}
