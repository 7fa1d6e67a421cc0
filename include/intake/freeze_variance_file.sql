-- A file with the bytes that it will have whenever it is uploaded. Writes variance_file.
WITH numbered AS (
    SELECT nextval(pg_get_serial_sequence('variance_file', 'variance_file_id')) AS variance_file_id
)

INSERT INTO variance_file (
    variance_file_id, variance_feed_id, property_resource, remote_file_path, content, record_count
)
OVERRIDING SYSTEM VALUE
SELECT
    variance_file_id,
    %(variance_feed_id)s,
    %(property_resource)s,
    concat(
        %(export_path)s::text, '/', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD-HH24MISS'), '-InventoryVariances-',
        variance_file_id, '.csv'
    ),
    %(content)s,
    %(record_count)s
FROM numbered
RETURNING variance_file_id, remote_file_path
