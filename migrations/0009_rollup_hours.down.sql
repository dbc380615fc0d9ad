DROP TABLE rollup_hours;
