/**
 * Ingest under faults, in one thread and without waiting: the real submit, export, flush and group commit above a
 * store, a clock and clients that a seed decides. One seed is one run, the same every time.
 *
 * What is not here: torn writes and lost fsyncs, for which files are cut and processes killed; sockets and
 * encodings, which every door has tests of its own for.
 */
import { createRandom, type Random } from "../../bench/random.ts";
import { NOW_MS, turn } from "../support/time.ts";
import type { IngestSettings } from "./attempt.ts";
import { audit, auditDatabase, auditDepth } from "./audit.ts";
import { Model } from "./model.ts";
import { Clients, PRINCIPALS, type Request } from "./requests.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { Disk, type FaultRates, NO_FAULTS } from "./simulated-store.ts";

export interface Run {
  /** Broken promises; empty when all were kept. */
  readonly problems: readonly string[];
  /** What happened, in order. */
  readonly trace: readonly string[];
}

const HOUR_MS = 3_600_000;
/** After which everything must have settled that storage does not keep up. */
const SETTLE_ROUNDS = 100;
/** Rows that one transaction cannot hold together with others. */
const LARGE = 1500;

/** @param lies how often the store says that it has stored what it has not: above 0 to see that it is noticed */
export async function simulate(seed: number, lies = 0): Promise<Run> {
  const simulation = new Simulation(createRandom(seed), lies);
  await simulation.run();
  const { problems, trace } = simulation.model;
  return { problems, trace };
}

class Simulation {
  readonly model = new Model();
  readonly #random: Random;
  readonly #clients: Clients;
  readonly #disk = new Disk();
  readonly #settings: IngestSettings;
  readonly #rates: FaultRates;
  readonly #isLarge: boolean;
  /** What was sent with a key, to be sent again. */
  readonly #repeatable: Request[] = [];
  readonly #actions: readonly (() => void | Promise<void>)[];
  #process: SimulatedProcess;

  constructor(random: Random, lies: number) {
    this.#random = random;
    this.#clients = new Clients(random, NOW_MS);
    this.#isLarge = random.chance(0.005);
    this.#settings = {
      acknowledge: random.pick(["durable", "buffered"]),
      batchMetrics: random.pick([1, 5, 20]),
      flushIntervalMs: random.pick([10, 1000, 5000]),
      queuedMetricsMax: this.#isLarge ? 4 * LARGE : random.pick([10, 40, 1000]),
      bytesInFlightMax: this.#isLarge ? 2 ** 24 : random.pick([4000, 100_000]),
    };
    // Each seed has its own kinds of trouble: with all of them at once most runs would be alike.
    const rate = (most: number) => (random.chance(0.5) ? 0 : random.unit() * most);
    this.#rates = {
      unavailable: rate(0.5),
      defect: rate(0.1),
      fatal: rate(0.05),
      lost: rate(0.05),
      lies,
      delayed: rate(1),
      delayMsMax: random.pick([1, 50, 3000]),
    };
    this.#actions = this.#chooseActions();
    this.#process = this.#newProcess(NOW_MS);
  }

  async run(): Promise<void> {
    await this.#process.open();
    const steps = 10 + this.#random.below(60);
    for (let step = 0; step < steps && this.model.problems.length === 0; step += 1) {
      await this.#random.pick(this.#actions)();
      const turns = this.#random.below(6);
      await turn(turns);
      if (turns > 0) auditDepth(this.model, this.#process);
      const { store, isClosed } = this.#process;
      if (isClosed && !store.isStuck) await this.#untilQuiet();
      if (isClosed || (store.isStuck && this.#random.chance(0.2))) await this.#restart();
    }
    if (this.model.problems.length === 0) await this.#settle();
  }

  #newProcess(wallMs: number): SimulatedProcess {
    this.model.processBegins(this.#disk.lastRequestNumber);
    const options = { disk: this.#disk, model: this.model, random: this.#random, rates: this.#rates };
    return new SimulatedProcess({ ...options, ingest: this.#settings, wallMs });
  }

  /** What may happen, as often as it shall. */
  #chooseActions(): readonly (() => void | Promise<void>)[] {
    const random = this.#random;
    const actions: readonly (readonly [number, () => void | Promise<void>])[] = [
      [6, () => this.#send(this.#clients.submit(this.#metrics(), undefined))],
      [4, () => this.#sendKeyed()],
      [4, () => this.#repeat()],
      [3, () => this.#send(this.#clients.export(this.#process.clock.wallMs()))],
      [1, () => this.#send(this.#clients.deltas(this.#process.clock.wallMs()))],
      [3, () => this.#process.flush()],
      [6, () => this.#process.clock.advance(random.below(50))],
      [3, () => this.#process.clock.advance(random.below(6000))],
      [1, () => this.#process.clock.jumpWall((random.below(60) - 30) * HOUR_MS)],
      [1, () => this.#process.store.toggleFull()],
      [1, () => this.#restart()],
      [1, () => this.#process.close()],
    ];
    return actions
      .flatMap(([weight, action]) => {
        const times = random.chance(0.2) ? 0 : weight;
        return new Array<() => void | Promise<void>>(times).fill(action);
      })
      .concat(() => undefined);
  }

  #metrics(): number {
    const random = this.#random;
    if (this.#isLarge && random.chance(0.3)) return LARGE + random.below(LARGE);
    return random.chance(0.7) ? 1 + random.below(3) : 1 + random.below(12);
  }

  /** Once or more, at the same moment. */
  #send(request: Request): void {
    const random = this.#random;
    const copies = request.kind === "export" || request.key !== undefined ? random.pick([1, 1, 1, 2, 4]) : 1;
    for (let left = copies; left > 0; left -= 1) this.#process.send(request);
    if (request.kind === "export" || request.key !== undefined) this.#repeatable.push(request);
  }

  /** Few keys, so that they come twice: that is a conflict. */
  #sendKeyed(): void {
    this.#send(this.#clients.submit(this.#metrics(), `key-${this.#random.below(8)}`));
  }

  #repeat(): void {
    if (this.#repeatable.length > 0) this.#send(this.#random.pick(this.#repeatable));
  }

  /** The process dies, unless it has ended, and another one takes its place. */
  async #restart(): Promise<void> {
    this.model.trace.push("restart");
    this.#process.kill();
    this.#process = this.#newProcess(this.#process.clock.wallMs());
    await this.#process.open();
  }

  /** Storage is in order again: everything must come to its end, and then to a close. */
  async #settle(): Promise<void> {
    this.model.trace.push("everything works again");
    const { store, isClosing } = this.#process;
    Object.assign(store, { rates: NO_FAULTS, isFull: false });
    if (store.isStuck || (isClosing && this.#random.chance(0.5))) await this.#restartInOrder();
    await this.#untilQuiet();
    if (this.#process.isClosing) await this.#restartInOrder();
    await this.#last();
    await this.#withoutTime();
    this.#process.send(this.#clients.submit(2, undefined));
    // A close must end on a full disk too.
    this.#process.store.isFull = this.#random.chance(0.5);
    this.#process.close();
    await this.#untilQuiet();
    this.model.expect(this.#process.isClosed, "a close ends");
    auditDatabase(this.model);
  }

  async #restartInOrder(): Promise<void> {
    await this.#restart();
    Object.assign(this.#process.store, { rates: NO_FAULTS, isFull: false });
  }

  async #untilQuiet(): Promise<void> {
    for (let round = 0; round < SETTLE_ROUNDS; round += 1) {
      await turn(8);
      const { attempts, openCalls, depth } = this.#process;
      const isQuiet = openCalls === 0 && depth === 0;
      if (isQuiet && [...attempts.values()].every(({ state }) => state !== "waiting")) {
        audit(this.model, this.#process);
        return;
      }
      this.#process.clock.advance(1500);
    }
    this.model.problem(`${this.#process.depth} metrics, or their calls, wait for ever`);
  }

  /** Whoever waits for storage waits for nothing else: no time need pass. */
  async #withoutTime(): Promise<void> {
    const { attempts } = this.#process;
    this.#process.send(this.#clients.submit(2, "the last key", PRINCIPALS[0]));
    if (this.#settings.acknowledge === "durable") this.#process.send(this.#clients.submit(2, undefined));
    await turn(12);
    for (const { state, identity } of attempts.values())
      this.model.expect(state !== "waiting", `${identity.requestId} waits for the clock`);
    // More than one transaction holds, so that the flush goes into the next one.
    for (let left = this.#isLarge ? 3 : 0; left > 0; left -= 1)
      this.#process.send(this.#clients.submit(LARGE, undefined));
    this.#process.flush();
    await turn(12);
    this.model.expect(this.#process.openCalls === 0, "a flush waits for the clock");
  }

  /** An empty queue takes all that it may hold, and the last points make up for all that were lost before. */
  async #last(): Promise<void> {
    const { clock, settings, attempts } = this.#process;
    clock.jumpWall(Math.max(0, this.#clients.newestPointMs - clock.wallMs()));
    for (const principal of PRINCIPALS) this.#process.send(this.#clients.export(clock.wallMs(), principal));
    await this.#untilQuiet();
    for (const [service, sent] of this.model.sentTotals) {
      const stored = this.model.totals.get(service) ?? 0;
      this.model.expect(stored === sent, `${service} counted ${sent}, and ${stored} are stored`);
    }
    const before = attempts.size;
    // Half of the bytes are for bodies; a metric takes less than 250 of the others.
    const bytes =
      settings.acknowledge === "buffered" ? Math.floor(settings.bytesInFlightMax / 500) : Infinity;
    const room = Math.min(settings.queuedMetricsMax, 40, bytes);
    for (let left = room; left > 0; left -= 1) this.#process.send(this.#clients.submit(1, undefined));
    await this.#untilQuiet();
    for (const { request, state, identity } of [...attempts.values()].slice(before)) {
      const isTaken = state === "answered" || (request.kind === "submit" && request.isForeign);
      this.model.expect(isTaken, `${identity.requestId} finds no room in an empty queue`);
    }
  }
}
