-- What the ledger says of each level of a shop since the last plan: the reason, if all of its rows mean the same to
-- Shopify, and the units whose reason may not be pushed. An order at its own location is left out, as it moves target
-- and position alike.
-- Reads inventory_item_detail by its key, mappings, memberships, shopify_shop, shopify_reason; writes changed_level.
WITH since AS (
    SELECT
        detail.product_id,
        detail.facility_id,
        detail.available_to_promise_diff,
        detail.order_id IS NOT NULL AS is_order,
        coalesce(shopify_reason.shopify_reason, 'correction') AS shopify_reason,
        shop.pushed_reasons IS NOT NULL
        AND detail.reason_enum_id NOT IN (SELECT unnest(shop.pushed_reasons)) AS stays
    FROM shopify_shop AS shop
    CROSS JOIN inventory_item_detail AS detail
    LEFT JOIN shopify_reason ON detail.reason_enum_id = shopify_reason.reason_enum_id
    WHERE
        shop.shop_id = %(shop_id)s
        AND detail.inventory_item_detail_id > %(already)s AND detail.inventory_item_detail_id <= %(newest)s
        AND detail.available_to_promise_diff <> 0
),

place AS (
    SELECT
        channel.location_id,
        channel.queue_facility_id,
        member.facility_id
    FROM inventory_channel AS channel
    INNER JOIN facility_group_member AS member ON channel.facility_group_id = member.facility_group_id
    WHERE
        channel.shop_id = %(shop_id)s AND channel.from_date <= now() AND channel.thru_date > now()
        AND member.from_date <= now() AND member.thru_date > now()
    UNION
    SELECT
        location_id,
        queue_facility_id,
        queue_facility_id
    FROM inventory_channel
    WHERE shop_id = %(shop_id)s AND from_date <= now() AND thru_date > now()
)

INSERT INTO changed_level (inventory_item_id, location_id, shopify_reason, held_back)
SELECT
    mapped.inventory_item_id,
    place.location_id,
    CASE
        WHEN min(since.shopify_reason) = max(since.shopify_reason) THEN min(since.shopify_reason) ELSE 'correction'
    END,
    coalesce(sum(since.available_to_promise_diff) FILTER (WHERE since.stays), 0)::integer
FROM since
INNER JOIN place ON since.facility_id = place.facility_id
INNER JOIN shopify_shop_product AS mapped
    ON since.product_id = mapped.product_id AND mapped.shop_id = %(shop_id)s
WHERE NOT (since.is_order AND since.facility_id = place.queue_facility_id)
GROUP BY mapped.inventory_item_id, place.location_id
