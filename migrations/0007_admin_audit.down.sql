DROP TABLE trusted_time;
DROP TABLE admin_audit_log;
