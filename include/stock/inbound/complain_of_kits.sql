-- Units of a kit would be received, and promised by nobody: what a kit promises is computed from its components.
-- Reads product; writes restock_row.
UPDATE restock_row
SET complaint = format(
    'product %L is a kit: what it promises is computed from its components; restock these, or set'
    ' product.kit_is_stocked if it is assembled beforehand',
    product.product_id
)
FROM product
WHERE restock_row.product_id = product.product_id AND product.is_kit AND restock_row.complaint IS NULL
