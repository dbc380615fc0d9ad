DROP TABLE latest_values;
