-- A delta from before the newest snapshot of its product and facility is in that snapshot's number already. Not so one
-- that is born here, where only snapshots of the ERP are newer, which has not been told of it.
-- Reads newer_snapshot, variance_reason; writes movement.
DELETE FROM movement
USING newer_snapshot AS newer
WHERE
    movement.product_id = newer.product_id
    AND movement.facility_id = newer.facility_id
    AND NOT (newer.misses_untold AND movement.reason_enum_id NOT IN (
        SELECT reason.variance_reason_id FROM variance_reason AS reason WHERE NOT reason.is_told_to_erp
    ))
