-- A delta from before the newest snapshot of its product and facility is in that snapshot's number already.
-- Reads inventory_snapshot; writes resolved_row.
DELETE FROM resolved_row
USING (
    SELECT
        snapshot.facility_id,
        covered.product_id
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE snapshot.as_of >= %(as_of)s
) AS newer
WHERE
    resolved_row.usable
    AND resolved_row.product_id = newer.product_id
    AND resolved_row.facility_id = newer.facility_id
