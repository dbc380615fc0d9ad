DROP INDEX sources_api_key_id;
