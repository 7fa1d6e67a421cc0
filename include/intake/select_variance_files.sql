-- Frozen files that were not uploaded, oldest first. Reads variance_file.
SELECT
    variance_file_id,
    remote_file_path,
    content,
    record_count
FROM variance_file
WHERE variance_feed_id = %(variance_feed_id)s AND uploaded_at IS NULL
ORDER BY variance_file_id
