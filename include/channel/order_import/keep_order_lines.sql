-- Lines seen for the first time are numbered after those that the order has; the others keep their numbers.
-- Reads seen_order_line; writes shopify_order_line.
WITH kept AS (
    UPDATE shopify_order_line AS line
    SET
        order_name = seen.order_name,
        inventory_item_id = coalesce(seen.inventory_item_id, line.inventory_item_id),
        quantity = greatest(seen.quantity, line.quantity)
    FROM seen_order_line AS seen
    WHERE
        line.shop_id = %(shop_id)s
        AND line.order_id = seen.order_id
        AND line.line_item_id = seen.line_item_id
        AND (
            line.order_name <> seen.order_name
            OR line.inventory_item_id IS DISTINCT FROM coalesce(seen.inventory_item_id, line.inventory_item_id)
            OR line.quantity < seen.quantity
        )
)

INSERT INTO shopify_order_line (
    shop_id, order_id, order_item_seq_id, line_item_id, inventory_item_id, quantity, order_name
)
SELECT
    %(shop_id)s,
    seen.order_id,
    lpad(
        (
            coalesce(numbered.last_number, 0)
            + row_number() OVER (PARTITION BY seen.order_id ORDER BY seen.line_item_number)
        )::text,
        5,
        '0'
    ),
    seen.line_item_id,
    seen.inventory_item_id,
    seen.quantity,
    seen.order_name
FROM seen_order_line AS seen
LEFT JOIN (
    SELECT
        line.order_id,
        max(line.order_item_seq_id::integer) AS last_number
    FROM shopify_order_line AS line
    INNER JOIN seen_order ON line.order_id = seen_order.order_id
    WHERE line.shop_id = %(shop_id)s
    GROUP BY line.order_id
) AS numbered ON seen.order_id = numbered.order_id
WHERE
    NOT EXISTS (
        SELECT FROM shopify_order_line AS line
        WHERE
            line.shop_id = %(shop_id)s
            AND line.order_id = seen.order_id
            AND line.line_item_id = seen.line_item_id
    )
