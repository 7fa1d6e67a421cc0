-- Feeds from which no file has come for longer than they may be quiet, and when the last one came.
-- Reads data_manager_config and data_manager_log.
SELECT
    config.config_id,
    config.import_path,
    config.quiet_after,
    max(log.created_at) AS last_came_at
FROM data_manager_config AS config
LEFT JOIN data_manager_log AS log ON config.config_id = log.config_id AND log.parent_log_id IS NULL
WHERE config.quiet_after IS NOT NULL
GROUP BY config.config_id
HAVING coalesce(max(log.created_at) < now() - config.quiet_after, TRUE)
ORDER BY config.config_id
