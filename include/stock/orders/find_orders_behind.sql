-- The items whose order has become more or less than stock knows, as soon as product and location are mapped; and how
-- many of their units have left, by the first of two to know: a store has handed them over, or the ERP has said where
-- they left from (see fulfilments.py). Of an online order that Shopify calls fulfilled, release_counted says more.
-- A sale takes effect once it has reached the ERP, if it is known when that is, else once Trueup has heard of it; what
-- becomes of it later, when that is heard of, but not before the reservation itself, which may lie ahead; a return at
-- its own moment (docs/adr/0016). Our clock has no say in what a snapshot knows: the ERP's may be ahead of it.
-- Reads mappings, shopify_shop, shopify_order, shopify_order_item, inventory_snapshot; writes order_behind.
INSERT INTO order_behind (
    shop_id,
    order_id,
    inventory_item_id,
    location_id,
    product_id,
    facility_group_id,
    queue_facility_id,
    is_online,
    has_left,
    effective_at,
    came_back_at
)
SELECT
    item.shop_id,
    item.order_id,
    item.inventory_item_id,
    item.location_id,
    mapped.product_id,
    channel.facility_group_id,
    queue.facility_id,
    place.is_online,
    greatest(item.completed, CASE WHEN place.is_online THEN least(item.issued, item.fulfilled) ELSE item.fulfilled END),
    coalesce(
        CASE
            WHEN NOT place.is_online AND item.reserved_at IS NULL AND item.issued = 0
                THEN placed.processed_at + shop.sales_reach_erp_after
        END,
        greatest((SELECT heard_at()), item.reserved_at)
    ),
    coalesce(item.returned_at + coalesce(shop.sales_reach_erp_after, interval '0'), now())
FROM shopify_order_item AS item
INNER JOIN shopify_shop AS shop ON item.shop_id = shop.shop_id
LEFT JOIN shopify_order AS placed ON item.order_id = placed.order_id AND item.shop_id = placed.shop_id
INNER JOIN shopify_shop_product AS mapped
    ON item.shop_id = mapped.shop_id AND item.inventory_item_id = mapped.inventory_item_id
INNER JOIN inventory_channel AS channel
    ON
        item.shop_id = channel.shop_id
        AND item.location_id = channel.location_id
        AND channel.from_date <= now() AND channel.thru_date > now()
INNER JOIN facility AS queue ON coalesce(item.queue_facility_id, channel.queue_facility_id) = queue.facility_id
CROSS JOIN LATERAL (SELECT queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_online) AS place
WHERE
    item.issued <> greatest(item.fulfilled, item.completed)
    OR item.reserved <> greatest(item.taken, item.issued)
    OR item.taken_back <> item.returned
