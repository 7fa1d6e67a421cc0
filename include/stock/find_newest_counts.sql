-- The newest snapshot of each product and facility that is going to be posted to, as far as it may already contain
-- what the file speaks of. Reads fulfilled_item, shopify_order_item, inventory_snapshot; writes newest_count.
INSERT INTO newest_count (product_id, facility_id, as_of, is_on_hand)
WITH place AS (
    SELECT
        product_id,
        facility_id,
        shipped_at AS effective_at
    FROM fulfilled_item
    WHERE complaint IS NULL AND product_id IS NOT NULL
    UNION
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
)

SELECT DISTINCT ON (covered.product_id, snapshot.facility_id)
    covered.product_id,
    snapshot.facility_id,
    snapshot.as_of,
    covered.product_id = any(snapshot.on_hand_product_ids)
FROM inventory_snapshot AS snapshot
CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
WHERE
    snapshot.as_of >= (SELECT min(place.effective_at) FROM place)
    AND (covered.product_id, snapshot.facility_id) IN (SELECT place.product_id, place.facility_id FROM place)
ORDER BY covered.product_id ASC, snapshot.facility_id ASC, snapshot.as_of DESC, snapshot.data_manager_log_id DESC
