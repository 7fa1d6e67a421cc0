-- What the kits among the products consist of. Reads refresh_product, product, product_assoc; writes refresh_component.
INSERT INTO refresh_component (slice, product_id, component_id, quantity, is_empty)
SELECT
    refresh_product.slice,
    component.kit_id,
    component.component_id,
    component.quantity,
    component.is_empty
FROM kit_components(array(
    SELECT asked.product_id FROM refresh_product AS asked
    WHERE asked.is_kit
)) AS component
INNER JOIN refresh_product ON component.kit_id = refresh_product.product_id
