-- Rows about a product and facility of which a newer snapshot has already spoken are out of date.
-- Reads inventory_snapshot; writes reset_row.
DELETE FROM reset_row
USING (
    SELECT
        newer.facility_id,
        covered.product_id
    FROM inventory_snapshot AS newer
    CROSS JOIN LATERAL unnest(newer.product_ids) AS covered (product_id)
    WHERE newer.as_of > %(as_of)s
) AS newer
WHERE
    reset_row.usable
    AND reset_row.product_id = newer.product_id
    AND reset_row.facility_id = newer.facility_id
