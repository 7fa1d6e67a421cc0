-- The products whose stock moved are to be looked at again. Reads movement; writes dirty_product.
INSERT INTO dirty_product (product_id)
SELECT DISTINCT product_id FROM movement
