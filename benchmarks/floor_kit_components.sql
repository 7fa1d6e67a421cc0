-- The floor of kits: the one statement that joins the file and writes what kits hold, which makes kits of the products.
-- No checks, no rejects, no circles, no periods, no log; marks are left to the table's own triggers.
WITH said AS (
    SELECT
        kit.product_id,
        component.product_id AS product_id_to,
        raw.quantity::numeric AS quantity
    FROM raw
    INNER JOIN good_identification AS kit
        ON kit.good_identification_type_id = 'SKU' AND raw.kit_sku = kit.id_value
    INNER JOIN good_identification AS component
        ON component.good_identification_type_id = 'SKU' AND raw.component_sku = component.id_value
),

made AS (
    UPDATE product SET product_type_id = 'MARKETING_PKG_PICK'
    WHERE product_id IN (SELECT said.product_id FROM said)
)

INSERT INTO product_assoc (product_id, product_id_to, quantity)
SELECT
    product_id,
    product_id_to,
    quantity
FROM said
