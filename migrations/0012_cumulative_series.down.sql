DROP TABLE cumulative_series;
