-- All feeds, those with the lowest priority number first. Reads data_manager_config.
SELECT
    config_id,
    import_path,
    file_name_pattern,
    delimiter,
    default_id_type,
    snapshot_offset
FROM data_manager_config
ORDER BY priority, config_id
