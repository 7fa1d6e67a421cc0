-- How many rows were refused, and of how many the snapshot speaks. Reads resolved_row, covered_facility.
SELECT
    (SELECT count(*) FROM resolved_row WHERE NOT usable) AS refused,
    (SELECT coalesce(sum(cardinality(product_ids)), 0) FROM covered_facility) AS covered
