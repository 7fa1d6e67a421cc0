-- An online order that Shopify calls fulfilled has left once every facility that may have sent it was counted since, of
-- a kit each component. Facilities that have no stock, and owe none, need not be (docs/adr/0008).
-- Reads shopify_order_item, shopify_order_item_component, inventory_snapshot, facility_group_member, inventory_item;
-- writes order_behind.
WITH waiting AS (
    SELECT
        behind.shop_id,
        behind.order_id,
        behind.inventory_item_id,
        behind.location_id,
        behind.facility_group_id,
        item.fulfilled,
        item.fulfilled_at,
        coalesce(component.component_id, behind.product_id) AS product_id
    FROM order_behind AS behind
    INNER JOIN shopify_order_item AS item
        ON
            behind.shop_id = item.shop_id
            AND behind.order_id = item.order_id
            AND behind.inventory_item_id = item.inventory_item_id
            AND behind.location_id = item.location_id
    LEFT JOIN shopify_order_item_component AS component
        ON
            behind.order_id = component.order_id
            AND behind.shop_id = component.shop_id
            AND behind.inventory_item_id = component.inventory_item_id
    WHERE behind.is_online AND item.fulfilled > item.issued
),

counted AS (
    SELECT
        snapshot.facility_id,
        covered.product_id,
        max(snapshot.as_of) AS as_of
    FROM inventory_snapshot AS snapshot
    CROSS JOIN LATERAL unnest(snapshot.product_ids) AS covered (product_id)
    WHERE
        snapshot.as_of > (SELECT min(waiting.fulfilled_at) FROM waiting)
        AND covered.product_id IN (SELECT waiting.product_id FROM waiting)
    GROUP BY snapshot.facility_id, covered.product_id
),

counted_since AS (
    SELECT
        waiting.shop_id,
        waiting.order_id,
        waiting.inventory_item_id,
        waiting.location_id,
        waiting.fulfilled
    FROM waiting
    INNER JOIN facility_group_member AS member
        ON
            waiting.facility_group_id = member.facility_group_id
            AND member.from_date <= now() AND member.thru_date > now()
    LEFT JOIN counted
        ON
            waiting.product_id = counted.product_id
            AND member.facility_id = counted.facility_id
            AND waiting.fulfilled_at < counted.as_of
    LEFT JOIN inventory_item AS stock
        ON waiting.product_id = stock.product_id AND member.facility_id = stock.facility_id
    GROUP BY waiting.shop_id, waiting.order_id, waiting.inventory_item_id, waiting.location_id, waiting.fulfilled
    HAVING
        bool_or(counted.as_of IS NOT NULL)
        AND bool_and(
            counted.as_of IS NOT NULL
            OR coalesce(greatest(stock.quantity_on_hand_total, stock.available_to_promise_total), 0) <= 0
        )
)

UPDATE order_behind AS behind
SET has_left = greatest(behind.has_left, counted_since.fulfilled)
FROM counted_since
WHERE
    behind.shop_id = counted_since.shop_id
    AND behind.order_id = counted_since.order_id
    AND behind.inventory_item_id = counted_since.inventory_item_id
    AND behind.location_id = counted_since.location_id
