-- Whether one of the products is marked to be recomputed. Reads dirty_product.
SELECT count(*) > 0 FROM dirty_product
WHERE product_id = any(%(product_ids)s::text[])
