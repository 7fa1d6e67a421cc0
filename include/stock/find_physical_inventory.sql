-- What was recorded under a key before, and what is on hand there now. Reads physical_inventory, inventory_item.
SELECT
    found.physical_inventory_id,
    found.product_id,
    found.facility_id,
    found.quantity_on_hand_var,
    coalesce(item.quantity_on_hand_total, 0)
FROM physical_inventory AS found
LEFT JOIN inventory_item AS item ON found.product_id = item.product_id AND found.facility_id = item.facility_id
WHERE found.request_key = %(request_key)s
