-- Values of which a newer file has spoken are out of date. Reads newer_value; writes product_value.
DELETE FROM product_value
USING newer_value
WHERE
    product_value.product_id = newer_value.product_id
    AND product_value.facility_id = newer_value.facility_id
    AND product_value.field = newer_value.field
