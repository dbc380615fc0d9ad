DROP TABLE instance_reports;
