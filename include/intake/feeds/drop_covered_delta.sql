-- A delta from before the newest snapshot of its product and facility is in that snapshot's number already.
-- Reads newer_snapshot; writes resolved_row.
DELETE FROM resolved_row
USING newer_snapshot AS newer
WHERE
    resolved_row.usable
    AND resolved_row.product_id = newer.product_id
    AND resolved_row.facility_id = newer.facility_id
