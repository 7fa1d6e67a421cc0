-- Rows about a product and facility of which a newer snapshot has already spoken are out of date.
-- Reads understood_row, newer_snapshot; writes staged.
DELETE FROM staged
USING understood_row AS understood, newer_snapshot AS newer
WHERE
    staged.ctid = understood.staged_at
    AND understood.usable
    AND understood.product_id = newer.product_id
    AND understood.facility_id = newer.facility_id
