-- Whether a product and facility may stand in the file more than once: by hash, so that a yes is to be looked at.
-- Reads resolved_row.
SELECT count(*) > count(DISTINCT hashtextextended(product_id, hashtextextended(facility_id, 0)))
FROM resolved_row
WHERE usable
