-- What there is of products at facilities, by the totals. Reads inventory_item by its key.
SELECT
    facility_id,
    product_id,
    quantity_on_hand_total,
    available_to_promise_total
FROM inventory_item
WHERE product_id = any(%(product_ids)s::text[]) AND facility_id = any(%(facility_ids)s::text[])
