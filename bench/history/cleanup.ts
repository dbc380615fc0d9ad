/**
 * What a cleanup costs those who send metrics: the latency of ingest before, while and after a million expired
 * rows are deleted.
 *
 * Usage: npm run bench:cleanup -- [EXPIRED]
 */
import { latencyBeside } from "./latency-beside.ts";

/** Half of the history is expired, once the policy says 90 days. */
const HISTORY_DAYS = 180;
const RETENTION_DAYS = 90;

const expired = Number(process.argv[2] ?? 1_000_000);

const isMet = await latencyBeside({
  metrics: expired * 2,
  days: HISTORY_DAYS,
  async prepare({ admin }) {
    for (const table of ["metrics", "auth_metrics", "discovery_metrics", "tool_metrics"]) {
      await admin("PUT", `/admin/retention/policies/${table}?retention_days=${RETENTION_DAYS}`);
    }
  },
  async work({ admin }) {
    const answer = await admin("POST", "/admin/retention/cleanup?dry_run=false");
    return `${/"total_records_processed":(\d+)/.exec(answer)?.[1]} rows deleted`;
  },
});
process.exitCode = isMet ? 0 : 1;
