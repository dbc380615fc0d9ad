import type { Seal } from "../../lib/seal.ts";
import type { ServerRecord } from "../../store/directory.ts";

/** A registered server, with what a signature of it is checked with. */
export interface RegisteredServer {
  /** As it is stored. */
  readonly record: ServerRecord;
  /** Undefined: none was set. `unreadable`: one was, and the key that sealed it is gone. */
  readonly webhookSecret: string | "unreadable" | undefined;
}

/**
 * Every server, in memory, as keys are: that a server is not there is found without a query, whoever asks
 * how often.
 */
export class ServerRegistry {
  readonly #seal: Seal;
  readonly #byId = new Map<string, RegisteredServer>();

  constructor(seal: Seal, records: readonly ServerRecord[]) {
    this.#seal = seal;
    for (const record of records) this.put(record);
  }

  /** Take in a new or changed server; in force with the next request. */
  put(record: ServerRecord): void {
    const { sealedSecret, id } = record;
    const webhookSecret = sealedSecret && (this.#seal.open(sealedSecret, id) ?? "unreadable");
    this.#byId.set(id, { record, webhookSecret });
  }

  get(id: string): RegisteredServer | undefined {
    return this.#byId.get(id);
  }

  /** Servers whose secret cannot be read. */
  get unreadable(): readonly string[] {
    return [...this.#byId.values()].flatMap(({ record, webhookSecret }) =>
      webhookSecret === "unreadable" ? [record.id] : [],
    );
  }
}
