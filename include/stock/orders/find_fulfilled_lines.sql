-- Finds each item's line and product, and says of rows that cannot be counted why. The rows that speak of the same
-- item of the same order take turns, as what one completes the next one cannot.
-- Reads shopify_order_line, shopify_shop_product; writes fulfilled_item.
WITH looked_up AS (
    SELECT
        item.line_number,
        seq.written AS seq_id,
        line.line_item_id IS NOT NULL AS is_found,
        line.inventory_item_id,
        shop_product.product_id,
        (
            SELECT string_agg(known.order_item_seq_id, ', ' ORDER BY known.order_item_seq_id)
            FROM shopify_order_line AS known
            WHERE known.order_id = item.found_order_id AND known.shop_id = item.shop_id AND line.line_item_id IS NULL
        ) AS known_seq_ids,
        row_number() OVER (
            PARTITION BY item.found_order_id, item.shop_id, coalesce(line.inventory_item_id, seq.written)
            ORDER BY item.line_number
        ) AS turn
    FROM fulfilled_item AS item
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN trim(item.order_item_seq_id) ~ '^[0-9]{1,5}$' THEN lpad(trim(item.order_item_seq_id), 5, '0')
                ELSE coalesce(trim(item.order_item_seq_id), '')
            END AS written
    ) AS seq
    LEFT JOIN shopify_order_line AS line
        ON item.found_order_id = line.order_id AND item.shop_id = line.shop_id AND seq.written = line.order_item_seq_id
    LEFT JOIN shopify_shop_product AS shop_product
        ON line.shop_id = shop_product.shop_id AND line.inventory_item_id = shop_product.inventory_item_id
    WHERE item.complaint IS NULL
)

UPDATE fulfilled_item AS item
SET
    found_seq_id = looked_up.seq_id,
    inventory_item_id = looked_up.inventory_item_id,
    product_id = looked_up.product_id,
    turn = looked_up.turn,
    tracking_number = coalesce(trim(item.tracking_number), ''),
    complaint = CASE
        WHEN NOT looked_up.is_found
            THEN format(
                'orderItemSeqId %L: order %s has no such item, only %s; correct it, or if the item was added to the'
                ' order import the order again, then retry this row',
                coalesce(item.order_item_seq_id, ''), item.order_id, looked_up.known_seq_ids
            )
        WHEN looked_up.inventory_item_id IS NOT NULL AND looked_up.product_id IS NULL
            THEN format(
                'orderItemSeqId %L: %s of shop %s is no product here; set the product up, then retry this row',
                item.order_item_seq_id, looked_up.inventory_item_id, item.shop_id
            )
        WHEN item.facility_id IS NULL
            THEN 'the facility is not known; expected the one where the item left; correct it or set the facility up'
        WHEN item.shipped_at IS NULL
            THEN 'shippedDate is empty or no date; expected the moment when the item left'
        WHEN item.quantity IS NULL OR item.quantity <= 0 OR item.quantity <> trunc(item.quantity)
            THEN format(
                'quantity %L: expected a whole number of units, 1 or more; correct it',
                coalesce(item.quantity::text, '')
            )
    END
FROM looked_up
WHERE item.line_number = looked_up.line_number
