/** Who sent measurements. */
export interface Sender {
  readonly service: string;
  /** Empty when it did not say. */
  readonly instanceId: string;
  /** The service of the API key that they came with; where nobody knows, all such senders share a place. */
  readonly owner?: string | undefined;
}

/**
 * Who a series is counted for: a service, as long as its own key sends it. Another key may write its name; what
 * it writes is then counted for both names, and takes nothing from the service itself.
 */
export interface Tenant {
  /** As labels carry the service: it may read `_other`. */
  readonly service: string;
  /** The service of the key. */
  readonly owner: string;
  /** The scope of its label values, and what its series are counted under. */
  readonly name: string;
}

/** Measurements of one sender, as they are recorded. */
export interface Report {
  readonly sender: Sender;
  readonly tenant: Tenant;
  /** ms since 1970 UTC. */
  readonly reportedMs: number;
}

/** The scope in which a label of the tenant's has its places. */
export function labelScope({ owner, name }: Tenant, label: string): string {
  return label === "service" ? owner : name;
}

/** Below so many, a half or a quarter of all is too little. */
const SHARE_MIN = 1000;

/**
 * Places of which there are only so many, and nobody can take all. What comes with the keys of one service
 * gets at most half of them (or a thousand, within three quarters), so that there is as much for another; and
 * of these, a name that is not the keys' own a half (or a thousand, within three quarters).
 */
export class Room {
  readonly #max: number;
  readonly #ownerMax: number;
  /** Of a tenant whose service is not its owner. */
  readonly #otherMax: number;
  #taken = 0;
  readonly #byTenant = new Map<string, number>();
  readonly #byOwner = new Map<string, number>();

  constructor(max: number) {
    this.#max = max;
    this.#ownerMax = shareOf(max);
    this.#otherMax = shareOf(this.#ownerMax);
  }

  /** Whether so many more places may be taken. */
  hasPlaces({ name, owner }: Tenant, places: number): boolean {
    if (places === 0) return true;
    const tenantMax = name === owner ? this.#ownerMax : this.#otherMax;
    return (
      this.#taken + places <= this.#max &&
      (this.#byTenant.get(name) ?? 0) + places <= tenantMax &&
      (this.#byOwner.get(owner) ?? 0) + places <= this.#ownerMax
    );
  }

  /** Take a place, whether or not there is one. */
  take(tenant: Tenant): void {
    this.#add(tenant, 1);
  }

  /** Give a place back. */
  give(tenant: Tenant): void {
    this.#add(tenant, -1);
  }

  #add({ name, owner }: Tenant, places: number): void {
    const before = this.#byOwner.get(owner) ?? 0;
    // What one takes beyond its share, as overflow series are, must not be missing for others.
    this.#taken += Math.min(before + places, this.#ownerMax) - Math.min(before, this.#ownerMax);
    change(this.#byOwner, owner, places);
    change(this.#byTenant, name, places);
  }
}

function change(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

/** What one may take of so many. */
function shareOf(max: number): number {
  const half = Math.max(SHARE_MIN, Math.floor(max / 2));
  return Math.max(1, Math.min(half, Math.floor((max * 3) / 4)));
}
