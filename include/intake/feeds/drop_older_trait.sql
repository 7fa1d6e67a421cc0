-- What a later row of the file says again is out of date, and so is that of which a newer file has spoken. Of two files
-- of the same moment the one that was written later is the newer, then the one with the greater name.
-- Reads product_trait_snapshot, data_manager_log; writes trait_row.
WITH last AS (
    SELECT
        product_id,
        field,
        max(line_number) AS line_number
    FROM trait_row
    GROUP BY product_id, field
),

newer AS (
    SELECT DISTINCT
        snapshot.field,
        covered.product_id
    FROM product_trait_snapshot AS snapshot
    INNER JOIN data_manager_log AS log ON snapshot.data_manager_log_id = log.data_manager_log_id
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of >= %(as_of)s
        AND (snapshot.as_of, log.file_modified_at, log.file_name)
        > (%(as_of)s, %(file_modified_at)s, %(file_name)s::text)
)

DELETE FROM trait_row
USING last
LEFT JOIN newer ON last.field = newer.field AND last.product_id = newer.product_id
WHERE
    trait_row.field = last.field
    AND trait_row.product_id = last.product_id
    AND (trait_row.line_number < last.line_number OR newer.product_id IS NOT NULL)
