-- One turn: which items were counted before, and which are more than their line has left.
-- A fulfilment is known by its parcel; without a tracking number, by moment and quantity.
-- Reads shopify_order_line, item_fulfilment; writes fulfilled_item.
UPDATE fulfilled_item
SET
    is_repeated = judged.is_known,
    complaint = CASE
        WHEN NOT judged.is_known
            THEN format(
                'quantity %%s: item %%s of order %%s (%%s) has %%s of %%s units left to complete; correct it, or if the'
                ' order was changed import it again, then retry this row',
                fulfilled_item.quantity, fulfilled_item.found_seq_id, judged.order_name, fulfilled_item.found_order_id,
                judged.units_left, judged.ordered
            )
    END
FROM (
    SELECT
        item.line_number,
        item.quantity,
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
) AS judged
WHERE
    fulfilled_item.line_number = judged.line_number
    AND (judged.is_known OR judged.quantity > judged.units_left)
