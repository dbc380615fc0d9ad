import { NAMES_PER_SERVER_MAX } from "../../catalogue/directory.ts";

/** Names remembered, of all servers together; beyond, all are forgotten and read anew. */
const REMEMBERED_MAX = 200_000;

/** Holds every server to a number of metric names: what it calls its metrics becomes rows. */
export class MetricNames {
  readonly #read: (server: number) => Promise<readonly string[]>;
  readonly #byServer = new Map<number, Set<string>>();
  #remembered = 0;

  /** `read`: the names that are stored. */
  constructor(read: (server: number) => Promise<readonly string[]>) {
    this.#read = read;
  }

  /** Whether a server may use a name; one that it may is counted from then on, stored or not. */
  async admitterOf(server: number): Promise<(name: string) => boolean> {
    const names = this.#byServer.get(server) ?? (await this.#load(server));
    return (name) => {
      if (names.has(name)) return true;
      if (names.size >= NAMES_PER_SERVER_MAX) return false;
      names.add(name);
      this.#remembered += 1;
      return true;
    };
  }

  async #load(server: number): Promise<Set<string>> {
    const stored = await this.#read(server);
    const known = this.#byServer.get(server);
    // Somebody else's call was faster.
    if (known !== undefined) return known;
    if (this.#remembered + stored.length > REMEMBERED_MAX) {
      this.#byServer.clear();
      this.#remembered = 0;
    }
    const names = new Set(stored);
    this.#byServer.set(server, names);
    this.#remembered += names.size;
    return names;
  }
}
