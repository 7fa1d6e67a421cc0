-- What is kept back of a product at facilities, and whether they may fulfil it. Reads product_facility by its key.
SELECT
    facility_id,
    minimum_stock,
    allow_brokering
FROM product_facility
WHERE product_id = %(product_id)s AND facility_id = any(%(facility_ids)s::text[])
