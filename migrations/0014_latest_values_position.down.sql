ALTER TABLE latest_values DROP COLUMN position;
