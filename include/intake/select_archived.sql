-- Where archived files lie, with the latest log of each and when the file came for the first time.
-- Reads data_manager_log.
WITH RECURSIVE ancestry AS (
    SELECT
        data_manager_log_id,
        parent_log_id,
        created_at
    FROM data_manager_log
    WHERE property_resource = %(property_resource)s AND remote_file_path LIKE %(folder)s AND filed_away
    UNION ALL
    SELECT
        ancestry.data_manager_log_id,
        parent.parent_log_id,
        parent.created_at
    FROM ancestry
    INNER JOIN data_manager_log AS parent ON ancestry.parent_log_id = parent.data_manager_log_id
)

SELECT DISTINCT ON (log.remote_file_path)
    log.remote_file_path,
    log.data_manager_log_id,
    ancestry.created_at
FROM ancestry
INNER JOIN data_manager_log AS log ON ancestry.data_manager_log_id = log.data_manager_log_id
WHERE ancestry.parent_log_id IS NULL
ORDER BY log.remote_file_path ASC, log.data_manager_log_id DESC
