-- What is on hand of a product at a facility, and how much of that came after a moment and was not known by then: what
-- was posted while somebody waited for his turn. Reads inventory_item, inventory_item_detail by product and facility.
SELECT
    coalesce((
        SELECT item.quantity_on_hand_total
        FROM inventory_item AS item
        WHERE item.product_id = %(product_id)s AND item.facility_id = %(facility_id)s
    ), 0) AS on_hand,
    coalesce((
        SELECT sum(detail.quantity_on_hand_diff)
        FROM inventory_item_detail AS detail
        WHERE
            detail.product_id = %(product_id)s
            AND detail.facility_id = %(facility_id)s
            AND detail.effective_at > %(moment)s
            AND detail.recorded_at > %(moment)s
    ), 0) AS come_since
