-- Takes the marks that are there, and with each product the kits that hold it, directly or through other kits: now, or
-- later, which costs little. A mark that is being written meanwhile stays for the next refresh.
-- Reads and empties dirty_product; reads product, product_assoc; writes refresh_product.
WITH RECURSIVE drained AS (
    DELETE FROM dirty_product RETURNING product_id
),

above AS (
    SELECT DISTINCT product_id FROM drained
    UNION
    SELECT assoc.product_id
    FROM above
    INNER JOIN product_assoc AS assoc ON above.product_id = assoc.product_id_to
    WHERE assoc.product_assoc_type_id = 'PRODUCT_COMPONENT' AND assoc.thru_date > now()
)

INSERT INTO refresh_product (slice, product_id, is_kit)
SELECT
    (row_number() OVER (ORDER BY product.product_id) - 1) / %(products_per_slice)s,
    product.product_id,
    product.is_kit
FROM above
INNER JOIN product ON above.product_id = product.product_id
