-- The outcome of a file, in the transaction that applied it. Writes data_manager_log.
UPDATE data_manager_log
SET
    status_id = %(status_id)s,
    file_sha256 = %(file_sha256)s,
    as_of = %(as_of)s,
    as_of_source = %(as_of_source)s,
    total_record_count = %(total)s,
    changed_record_count = %(changed)s,
    unchanged_record_count = %(unchanged)s,
    superseded_record_count = %(superseded)s,
    failed_record_count = %(failed)s,
    message = %(message)s,
    duplicate_of_log_id = %(duplicate_of_log_id)s,
    finished_at = now()
WHERE data_manager_log_id = %(data_manager_log_id)s
