-- Which of the ways of naming a product each row uses. A view that goes with the table staged. Reads staged.
CREATE TEMP VIEW named_row AS
SELECT
    line_number,
    ctid AS staged_at,
    malformed,
    facility_id,
    external_facility_id,
    CASE WHEN named_id_value IS NULL AND named_id_type IS NULL THEN trim(named_product_id) END AS product_id,
    CASE
        WHEN named_id_value IS NOT NULL OR named_product_id IS NOT NULL THEN trim(named_id_type)
        ELSE 'SKU'
    END AS id_type,
    trim(coalesce(
        named_id_value,
        CASE WHEN named_id_type IS NOT NULL THEN named_product_id END,
        CASE WHEN named_product_id IS NULL THEN named_sku END
    )) AS id_value,
    quantity
FROM staged
