-- Takes the marks that are there, and with each product the kits that hold it, directly or through other kits: now, or
-- later, which costs little. A mark that is being written meanwhile stays for the next refresh.
-- How many kits are above the planner cannot tell, and would read through all products to be on the safe side: OFFSET 0
-- has each looked up.
-- Reads and empties dirty_product; reads product, product_assoc; writes refresh_product.
WITH RECURSIVE drained AS (
    DELETE FROM dirty_product RETURNING product_id
),

above AS (
    SELECT DISTINCT product_id FROM drained
    UNION
    SELECT kit.product_id
    FROM above
    CROSS JOIN LATERAL (
        SELECT assoc.product_id
        FROM product_assoc AS assoc
        WHERE
            assoc.product_id_to = above.product_id
            AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
            AND assoc.thru_date > now()
        ORDER BY assoc.product_id
        OFFSET 0
    ) AS kit
)

INSERT INTO refresh_product (slice, product_id, is_kit)
SELECT
    (row_number() OVER (ORDER BY known.product_id) - 1) / %(products_per_slice)s,
    known.product_id,
    known.is_kit
FROM above
CROSS JOIN LATERAL (
    SELECT
        product.product_id,
        product.is_kit
    FROM product
    WHERE product.product_id = above.product_id
    ORDER BY product.product_id
    OFFSET 0
) AS known
