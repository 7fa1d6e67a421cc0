-- What has components, now or later, is a kit; what became a kit by having components and has none any more, of any
-- date, is again what it was. A kit that never had any stays one: its list may be on its way, and its own stock is not
-- what it promises. Reads product_assoc; writes product, whose trigger marks what changed.
WITH holds AS (
    SELECT
        product_id,
        bool_or(thru_date > now()) AS holds_now_or_later
    FROM product_assoc
    WHERE product_assoc_type_id = 'PRODUCT_COMPONENT'
    GROUP BY product_id
),

changed AS (
    UPDATE product
    SET
        product_type_id = CASE
            WHEN is_to_be.kit THEN 'MARKETING_PKG_PICK' ELSE product.former_product_type_id
        END,
        former_product_type_id = CASE WHEN is_to_be.kit THEN product.product_type_id END
    FROM (
        SELECT
            each.product_id,
            coalesce(holds.holds_now_or_later, FALSE) AS kit
        FROM product AS each
        LEFT JOIN holds ON each.product_id = holds.product_id
        WHERE
            (each.product_type_id <> 'MARKETING_PKG_PICK' AND holds.holds_now_or_later)
            OR (
                each.product_type_id = 'MARKETING_PKG_PICK'
                AND each.former_product_type_id IS NOT NULL
                AND holds.product_id IS NULL
            )
    ) AS is_to_be
    WHERE
        product.product_id = is_to_be.product_id
        -- Looked at again if a kit list has changed the product meanwhile.
        AND (product.product_type_id <> 'MARKETING_PKG_PICK') = is_to_be.kit
    RETURNING is_to_be.kit AS is_made
)

SELECT
    (SELECT count(*) FROM changed WHERE is_made) AS made,
    (SELECT count(*) FROM changed WHERE NOT is_made) AS unmade,
    (
        SELECT count(*)
        FROM product
        LEFT JOIN holds ON product.product_id = holds.product_id
        WHERE product.is_kit AND holds.product_id IS NULL AND product.former_product_type_id IS NULL
    ) AS without_components
