-- The products and facilities that are going to be posted to, and the earliest moment of it.
-- Reads fulfilled_item, shopify_order_item; writes newest_count.
INSERT INTO newest_count (product_id, facility_id, effective_at)
SELECT
    place.product_id,
    place.facility_id,
    min(place.effective_at)
FROM (
    SELECT
        product_id,
        facility_id,
        shipped_at AS effective_at
    FROM fulfilled_item
    WHERE complaint IS NULL AND product_id IS NOT NULL
    UNION ALL
    SELECT
        item.product_id,
        held.queue_facility_id,
        least(item.shipped_at, held.handed_over_at)
    FROM fulfilled_item AS item
    INNER JOIN shopify_order_item AS held
        ON
            item.found_order_id = held.order_id
            AND item.shop_id = held.shop_id
            AND item.inventory_item_id = held.inventory_item_id
    WHERE item.complaint IS NULL AND item.product_id IS NOT NULL AND held.queue_facility_id IS NOT NULL
) AS place
GROUP BY place.product_id, place.facility_id
