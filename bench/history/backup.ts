/**
 * What a backup costs those who send metrics: the latency of ingest before, while and after it is written, and
 * how large the write-ahead log becomes, which cannot begin anew meanwhile.
 *
 * Usage: npm run bench:backup -- [METRICS]
 */
import { statSync } from "node:fs";
import { join } from "node:path";
import { latencyBeside } from "./latency-beside.ts";

const HISTORY_DAYS = 90;
const LOOK_INTERVAL_MS = 100;

const metrics = Number(process.argv[2] ?? 4_000_000);
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;

const isMet = await latencyBeside({
  metrics,
  days: HISTORY_DAYS,
  async prepare() {},
  async work({ admin, directory, databasePath }) {
    let logBytes = 0;
    const look = () => {
      logBytes = Math.max(logBytes, statSync(`${databasePath}-wal`).size);
    };
    const timer = setInterval(look, LOOK_INTERVAL_MS);
    try {
      const path = join(directory, "backup.db");
      const answer = await admin("POST", "/mcp.metrics.v1.AdminService/Backup", { path });
      const { bytes } = JSON.parse(answer) as { readonly bytes: string };
      return `${megabytes(Number(bytes))} written (log at most ${megabytes(logBytes)})`;
    } finally {
      clearInterval(timer);
    }
  },
});
process.exitCode = isMet ? 0 : 1;
