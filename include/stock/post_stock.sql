-- Moves the totals by the movements, added up only where need be: in a file's own order the index is written in order.
-- Reads movement; writes inventory_item, under its write lock.
MERGE INTO inventory_item AS item
USING (
    SELECT
        product_id,
        facility_id,
        quantity_on_hand_diff,
        available_to_promise_diff
    FROM movement
    WHERE NOT %(repeated)s
    UNION ALL
    SELECT
        product_id,
        facility_id,
        sum(quantity_on_hand_diff),
        sum(available_to_promise_diff)
    FROM movement
    WHERE %(repeated)s
    GROUP BY product_id, facility_id
) AS moved
    ON item.product_id = moved.product_id AND item.facility_id = moved.facility_id
WHEN MATCHED THEN UPDATE SET
    quantity_on_hand_total = item.quantity_on_hand_total + moved.quantity_on_hand_diff,
    available_to_promise_total = item.available_to_promise_total + moved.available_to_promise_diff
WHEN NOT MATCHED THEN INSERT (product_id, facility_id, quantity_on_hand_total, available_to_promise_total)
    VALUES (moved.product_id, moved.facility_id, moved.quantity_on_hand_diff, moved.available_to_promise_diff)
