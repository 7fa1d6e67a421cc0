-- Notes a file as taken, and the path that it is about to be moved to. Writes data_manager_log.
INSERT INTO data_manager_log (
    data_manager_log_id, config_id, property_resource, import_path, source_path, file_name, remote_file_path,
    file_size, file_modified_at, set_name, parent_log_id
) OVERRIDING SYSTEM VALUE
SELECT
    log_id,
    %(config_id)s,
    %(property_resource)s,
    %(import_path)s::text,
    %(source_path)s,
    %(file_name)s::text,
    concat(%(import_path)s::text, '/processing/', log_id, '-', %(file_name)s::text),
    %(file_size)s,
    %(file_modified_at)s,
    %(set_name)s,
    %(parent_log_id)s
FROM nextval(pg_get_serial_sequence('data_manager_log', 'data_manager_log_id')) AS log_id
RETURNING *
