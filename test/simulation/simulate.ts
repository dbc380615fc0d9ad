/**
 * `npm run simulate -- [--seeds N] [--from N] [--seed N]`: seed after seed, known ones first, or one alone with all
 * that happens in it.
 */
import { parseArgs } from "node:util";
import { KNOWN_SEEDS } from "./known-seeds.ts";
import { simulate } from "./simulation.ts";

const HELP = `Usage: npm run simulate -- [options]
  --seeds N    how many; default 10000
  --from N     the first of them; default random, printed
  --seed N     only this one, and print what happens
`;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    seed: { type: "string" },
    help: { type: "boolean", default: false },
  },
});

if (values.help) process.stdout.write(HELP);
else if (values.seed !== undefined) process.exitCode = (await replay(Number(values.seed))) ? 0 : 1;
else process.exitCode = (await search(Number(values.from), Number(values.seeds))) ? 0 : 1;

async function replay(seed: number): Promise<boolean> {
  const { problems, trace } = await simulate(seed);
  process.stdout.write(`${trace.join("\n")}\nseed ${seed}: ${problems.length} broken promises\n`);
  return problems.length === 0;
}

async function search(from: number, count: number): Promise<boolean> {
  process.stdout.write(`${KNOWN_SEEDS.length} known seeds, then ${count} from ${from}\n`);
  const startedMs = performance.now();
  let tried = 0;
  for (const seed of [
    ...KNOWN_SEEDS.map(({ seed }) => seed),
    ...Array.from({ length: count }, (_, at) => from + at),
  ]) {
    const { problems } = await simulate(seed);
    tried += 1;
    if (problems.length === 0) continue;
    process.stdout.write(
      `seed ${seed}, the ${tried}th: ${problems[0]}\nreplay it: npm run simulate -- --seed ${seed}\n`,
    );
    return false;
  }
  const perMinute = Math.round((tried / (performance.now() - startedMs)) * 60_000);
  process.stdout.write(`${tried} seeds, no broken promise, ${perMinute} a minute\n`);
  return true;
}
