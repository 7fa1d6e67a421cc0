-- A delta from before the newest snapshot of its product and facility is in that snapshot's number already.
-- Reads newer_snapshot; writes movement.
DELETE FROM movement
USING newer_snapshot AS newer
WHERE movement.product_id = newer.product_id AND movement.facility_id = newer.facility_id
