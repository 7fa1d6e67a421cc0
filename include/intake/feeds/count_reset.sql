-- How many rows were refused, of how many the snapshot speaks, and how many were left out as being about kits.
-- Reads resolved_row, covered_facility.
SELECT
    (SELECT count(*) FROM resolved_row WHERE NOT usable) AS refused,
    coalesce(sum(cardinality(product_ids)), 0) AS covered,
    coalesce(sum(rows_about_kits), 0) AS about_kits
FROM covered_facility
