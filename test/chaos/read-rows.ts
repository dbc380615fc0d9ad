/** Prints every row that clients stored, one a line, of the database at the path it is given. */
import { readDatabase } from "../../src/sqlite/offline.ts";

const SQL = `SELECT id, service, metric_type, timestamp, value, duration_ms, dimensions, metadata, created_at
  FROM metrics ORDER BY id`;

const rows = readDatabase(process.argv[2] ?? "", (database) => database.all(SQL));
process.stdout.write(rows.map((row) => `${JSON.stringify({ ...row, _metadata: undefined })}\n`).join(""));
