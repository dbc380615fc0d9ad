import { openMigrated } from "../sqlite/databases.ts";

/** Metrics of one service and one combination of dimensions, evenly over a span of time. */
export interface Filling {
  readonly rows: number;
  readonly startMs: number;
  readonly spanMs: number;
}

/** A new database that holds many metrics: written by SQL, where submitting them would take minutes. */
export function fillDatabase(path: string, { rows, startMs, spanMs }: Filling): void {
  const database = openMigrated(path);
  database.script(`
    INSERT INTO sources VALUES (1, 'alpha', '1.0.0', 'i', 1);
    INSERT INTO dimension_sets VALUES (1, 'tool_execution', '{"tool_name":"sort","success":true}');
    INSERT INTO shapes VALUES (1, '[]', '["note"]');
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows - 1})
    INSERT INTO measurements (ts, source_id, dimension_set_id, request, value, duration_ms, shape_id, payload)
    SELECT ${startMs} + i * ${spanMs} / ${rows}, 1, 1, ${Math.floor(startMs / 1000) * 2 ** 19} + i, i, i % 100, 1,
      '["=' || i || '"]'
    FROM n;`);
  database.close();
}
