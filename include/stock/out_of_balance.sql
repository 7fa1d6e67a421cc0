-- Audit: where stock is not the sum of its ledger. Reads inventory_item, inventory_item_detail.
WITH ledger AS (
    SELECT
        product_id,
        facility_id,
        sum(quantity_on_hand_diff) AS quantity_on_hand,
        sum(available_to_promise_diff) AS available_to_promise
    FROM inventory_item_detail
    GROUP BY product_id, facility_id
)

SELECT
    coalesce(item.product_id, ledger.product_id) AS product_id,
    coalesce(item.facility_id, ledger.facility_id) AS facility_id
FROM inventory_item AS item
FULL JOIN ledger
    ON item.product_id = ledger.product_id AND item.facility_id = ledger.facility_id
WHERE
    coalesce(item.quantity_on_hand_total, 0) <> coalesce(ledger.quantity_on_hand, 0)
    OR coalesce(item.available_to_promise_total, 0) <> coalesce(ledger.available_to_promise, 0)
