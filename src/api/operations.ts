import type { Administration } from "./admin/administration.ts";
import type { Backup } from "./admin/backup.ts";
import type { Composer } from "./composer/composer.ts";
import type { Directory } from "./directory/directory.ts";
import type { ExportMetrics } from "./export-metrics.ts";
import type { Flush } from "./flush.ts";
import type { CheckReadiness } from "./health.ts";
import type { Queries } from "./query/queries.ts";
import type { Submit } from "./submit.ts";

/** Metrics as text for Prometheus. */
export interface Exposition {
  /** The media type, with the version of the text format. */
  readonly contentType: string;
  readonly text: string;
}

/**
 * Every operation of the service, whatever protocol it is called in: main.ts assembles them once, and the
 * doors of `transport` end in them. Who may call each of them is said in `rules.ts`.
 *
 * What needs nothing but the call itself stands beside them as plain functions: `health`, `rateLimitStatus`.
 */
export interface Operations {
  readonly submit: Submit;
  /** OTLP. */
  readonly exportMetrics: ExportMetrics;
  readonly flush: Flush;
  readonly checkReadiness: CheckReadiness;
  readonly queries: Queries;
  readonly composer: Composer;
  readonly directory: Directory;
  readonly administration: Administration;
  readonly backup: Backup;
  /** What was submitted, and what the service says of itself. */
  readonly expose: () => Promise<Exposition>;
  /** What the composers of a service report together; of all services where none is named. */
  readonly exposeService: (service: string | undefined) => Promise<Exposition>;
}
