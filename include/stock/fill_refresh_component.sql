-- What the kits among the products consist of. Reads refresh_product, product, product_assoc; writes refresh_component.
INSERT INTO refresh_component (product_id, component_id, quantity, is_empty)
SELECT
    kit_id,
    component_id,
    quantity,
    is_empty
FROM kit_components(array(
    SELECT product.product_id
    FROM refresh_product
    INNER JOIN product ON refresh_product.product_id = product.product_id
    WHERE product.is_kit
))
