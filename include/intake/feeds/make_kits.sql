-- A product of the file that holds components, now or later, is a kit. What it promises is another number from then on:
-- it and the kits above it are marked. Reads kit_period, product_assoc; writes product, dirty_product.
WITH made AS (
    UPDATE product SET product_type_id = 'MARKETING_PKG_PICK'
    WHERE
        product_id IN (SELECT kit_period.product_id FROM kit_period)
        AND product_type_id <> 'MARKETING_PKG_PICK'
        AND EXISTS (
            SELECT
            FROM product_assoc
            WHERE
                product_assoc.product_id = product.product_id
                AND product_assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
                AND product_assoc.thru_date > now()
        )
    RETURNING product_id
)

INSERT INTO dirty_product (product_id)
SELECT above.product_id
FROM (SELECT array_agg(product_id) AS product_ids FROM made) AS made
CROSS JOIN LATERAL with_kits_above(made.product_ids) AS above (product_id)
