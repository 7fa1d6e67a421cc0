-- The products and facilities that are going to be posted to, and the earliest moment of it.
-- Reads fulfilled_item, shopify_order_item, shopify_order_item_component; writes newest_count.
INSERT INTO newest_count (product_id, facility_id, effective_at)
SELECT
    coalesce(component.component_id, place.product_id),
    place.facility_id,
    min(place.effective_at)
FROM (
    SELECT
        shop_id,
        found_order_id,
        inventory_item_id,
        product_id,
        facility_id,
        shipped_at AS effective_at
    FROM fulfilled_item
    WHERE complaint IS NULL AND product_id IS NOT NULL
    UNION ALL
    SELECT
        item.shop_id,
        item.found_order_id,
        item.inventory_item_id,
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
LEFT JOIN shopify_order_item_component AS component
    ON
        place.found_order_id = component.order_id
        AND place.shop_id = component.shop_id
        AND place.inventory_item_id = component.inventory_item_id
GROUP BY coalesce(component.component_id, place.product_id), place.facility_id
