-- Rows about a product and facility of which a newer snapshot has already spoken are out of date. Not so a count, where
-- only snapshots of the ERP are newer, which has not been told of it (docs/adr/0022).
-- Reads understood_row, newer_snapshot, variance_reason; writes staged.
DELETE FROM staged
USING understood_row AS understood, newer_snapshot AS newer
WHERE
    staged.ctid = understood.staged_at
    AND understood.usable
    AND understood.product_id = newer.product_id
    AND understood.facility_id = newer.facility_id
    AND NOT (newer.misses_untold AND %(reason_enum_id)s NOT IN (
        SELECT reason.variance_reason_id FROM variance_reason AS reason WHERE NOT reason.is_told_to_erp
    ))
