-- What a kit, and the kits within it, hold at this moment. Answers nothing for what is no kit.
-- Reads product, product_assoc.
WITH RECURSIVE edge AS (
    SELECT
        assoc.product_id,
        assoc.product_id_to,
        assoc.quantity
    FROM product
    INNER JOIN product_assoc AS assoc ON product.product_id = assoc.product_id
    WHERE
        product.product_id = %(product_id)s AND product.is_kit
        AND assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
        AND assoc.from_date <= now() AND assoc.thru_date > now()
    UNION
    SELECT
        assoc.product_id,
        assoc.product_id_to,
        assoc.quantity
    FROM edge
    INNER JOIN product ON edge.product_id_to = product.product_id AND product.is_kit
    INNER JOIN product_assoc AS assoc ON product.product_id = assoc.product_id
    WHERE
        assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
        AND assoc.from_date <= now() AND assoc.thru_date > now()
)

SELECT
    edge.product_id AS kit_id,
    edge.product_id_to AS component_id,
    edge.quantity,
    component.is_kit AS component_is_kit
FROM edge
INNER JOIN product AS component ON edge.product_id_to = component.product_id
ORDER BY edge.product_id, edge.product_id_to
