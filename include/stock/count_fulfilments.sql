-- One turn: counts each item that was not counted before and does not exceed its line.
-- A fulfilment is known by its parcel; without a tracking number, by moment and quantity.
-- Reads shopify_order_line; writes fulfilled_item, item_fulfilment.
WITH judged AS (
    SELECT
        item.*,
        line.quantity AS ordered,
        line.order_name,
        line.quantity - coalesce(before.quantity, 0) AS units_left,
        coalesce(before.is_known, FALSE) AS is_known
    FROM fulfilled_item AS item
    INNER JOIN shopify_order_line AS line
        ON
            item.found_order_id = line.order_id
            AND item.shop_id = line.shop_id
            AND item.found_seq_id = line.order_item_seq_id
    LEFT JOIN LATERAL (
        SELECT
            sum(known.quantity) AS quantity,
            bool_or(
                known.facility_id = item.facility_id
                AND known.tracking_number = item.tracking_number
                AND (
                    item.tracking_number <> ''
                    OR (known.shipped_at = item.shipped_at AND known.quantity = item.quantity)
                )
            ) AS is_known
        FROM item_fulfilment AS known
        WHERE
            known.order_id = line.order_id
            AND known.shop_id = line.shop_id
            AND known.order_item_seq_id = line.order_item_seq_id
    ) AS before ON TRUE
    WHERE item.turn = %(turn)s AND item.complaint IS NULL
),

marked AS (
    UPDATE fulfilled_item AS item
    SET
        is_repeated = judged.is_known,
        complaint = CASE
            WHEN judged.quantity > judged.units_left AND NOT judged.is_known
                THEN format(
                    'quantity %%s: item %%s of order %%s (%%s) has %%s of %%s units left to complete; correct it, or if'
                    ' the order was changed import it again, then retry this row',
                    judged.quantity, judged.found_seq_id, judged.order_name, judged.found_order_id,
                    judged.units_left, judged.ordered
                )
        END
    FROM judged
    WHERE item.line_number = judged.line_number AND (judged.is_known OR judged.quantity > judged.units_left)
)

INSERT INTO item_fulfilment (
    shop_id,
    order_id,
    order_item_seq_id,
    facility_id,
    quantity,
    shipped_at,
    tracking_number,
    data_manager_log_id,
    line_number
)
SELECT
    shop_id,
    found_order_id,
    found_seq_id,
    facility_id,
    quantity,
    shipped_at,
    tracking_number,
    %(data_manager_log_id)s,
    line_number
FROM judged
WHERE NOT is_known AND quantity <= units_left
