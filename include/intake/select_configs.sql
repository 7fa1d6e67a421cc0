-- All feeds, those with the lowest priority number first. Reads data_manager_config.
SELECT
    config_id,
    import_service_name,
    property_resource,
    import_path,
    file_name_pattern,
    delimiter,
    encoding,
    default_id_type,
    arrival,
    set_pattern,
    event_time,
    snapshot_offset,
    time_zone,
    day_first,
    error_policy,
    quiet_after,
    notify_on_failure,
    reset_by,
    reason_enum_id,
    below_zero,
    keeps_comments,
    is_told_to_erp,
    is_of_erp
FROM data_manager_config
ORDER BY priority, config_id
