-- Writes what differs, and nothing else. Reads product_value; writes product_facility, whose triggers mark products.
MERGE INTO product_facility
USING (
    SELECT
        product_id,
        facility_id,
        max(value) FILTER (WHERE field = 'minimum_stock') AS minimum_stock,
        max(value) FILTER (WHERE field = 'allow_brokering') = 1 AS allow_brokering,
        max(value) FILTER (WHERE field = 'allow_pickup') = 1 AS allow_pickup,
        max(value) FILTER (WHERE field = 'reorder_quantity') AS reorder_quantity
    FROM product_value
    GROUP BY product_id, facility_id
) AS said
    ON product_facility.product_id = said.product_id AND product_facility.facility_id = said.facility_id
WHEN MATCHED THEN UPDATE SET
    minimum_stock = coalesce(said.minimum_stock, product_facility.minimum_stock),
    allow_brokering = coalesce(said.allow_brokering, product_facility.allow_brokering),
    allow_pickup = coalesce(said.allow_pickup, product_facility.allow_pickup),
    reorder_quantity = coalesce(said.reorder_quantity, product_facility.reorder_quantity)
WHEN NOT MATCHED THEN INSERT
    (product_id, facility_id, minimum_stock, allow_brokering, allow_pickup, reorder_quantity)
    VALUES (
        said.product_id,
        said.facility_id,
        coalesce(said.minimum_stock, 0),
        coalesce(said.allow_brokering, TRUE),
        coalesce(said.allow_pickup, TRUE),
        said.reorder_quantity
    )
