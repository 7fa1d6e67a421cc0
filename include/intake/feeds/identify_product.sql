-- Which of the ways of naming a product each row uses. Reads and writes staged.
UPDATE staged
SET
    product_id = CASE WHEN named_id_value IS NULL AND named_id_type IS NULL THEN trim(named_product_id) END,
    id_type = CASE
        WHEN named_id_value IS NOT NULL OR named_product_id IS NOT NULL THEN trim(named_id_type)
        ELSE 'SKU'
    END,
    id_value = trim(coalesce(
        named_id_value,
        CASE WHEN named_id_type IS NOT NULL THEN named_product_id END,
        CASE WHEN named_product_id IS NULL THEN named_sku END
    ))
