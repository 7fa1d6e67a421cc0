-- Takes the marks that are there. One that is being written meanwhile stays for the next refresh.
-- Reads and empties dirty_product; writes refresh_product.
WITH drained AS (
    DELETE FROM dirty_product RETURNING product_id
)

INSERT INTO refresh_product (product_id)
SELECT DISTINCT product_id FROM drained
