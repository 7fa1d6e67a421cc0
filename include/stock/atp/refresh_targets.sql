-- Online ATP of a slice of the given products at every mapped location, written where it differs; no more than Shopify
-- can show, and none where somebody else decides what is shown. Once Trueup decides again, the position is unknown.
-- What differs is found first: of the levels that stay as they are, nothing is locked or fetched again.
-- Reads refresh_product, refresh_component, mappings, memberships, stores, inventory_item, product_facility; reads and
-- writes inventory_level.
INSERT INTO inventory_level AS level (shop_id, inventory_item_id, location_id, product_id, target)
WITH product_of_slice AS (
    SELECT
        product_id,
        is_kit
    FROM refresh_product
    WHERE slice = %(slice)s
),

channel AS MATERIALIZED (
    SELECT
        row_number() OVER () AS channel_number, -- cheaper to compare than the channel's id
        channel.shop_id,
        channel.location_id,
        channel.facility_group_id,
        channel.configuration_facility_id,
        channel.queue_facility_id,
        shop.product_store_id,
        coalesce('store ' || shop.product_store_id, 'shop ' || shop.shop_id) AS seller,
        shop.keeps_kit_numbers,
        queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_online,
        channel.inventory_master = 'OMS' AS is_ours,
        channel.use_valid_atp AND coalesce(store.reserve_inventory, TRUE) AS reserves,
        coalesce(store.hold_pre_order_physical_inventory, FALSE) AS holds
    FROM inventory_channel AS channel
    INNER JOIN shopify_shop AS shop ON channel.shop_id = shop.shop_id
    LEFT JOIN product_store AS store ON shop.product_store_id = store.product_store_id
    INNER JOIN facility AS queue ON channel.queue_facility_id = queue.facility_id
    WHERE channel.from_date <= now() AND channel.thru_date > now()
),

-- Facilities that promise for a channel; and for an online one the queues whose orders it has yet to serve: those
-- of its own store, and those that are no channel's own.
place AS MATERIALIZED (
    SELECT
        channel.channel_number,
        member.facility_id,
        facility.facility_type_id,
        facility.facility_type_id <> 'CONFIGURATION' AS is_physical,
        FALSE AS is_deducted,
        FALSE AS is_held
    FROM channel
    INNER JOIN facility_group_member AS member
        ON
            channel.facility_group_id = member.facility_group_id
            AND member.from_date <= now() AND member.thru_date > now()
    INNER JOIN facility
        ON
            member.facility_id = facility.facility_id
            AND facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE', 'CONFIGURATION')
    WHERE
        channel.product_store_id IS NULL
        OR EXISTS (
            SELECT
            FROM product_store_facility AS sells_from
            WHERE
                sells_from.product_store_id = channel.product_store_id
                AND sells_from.facility_id = member.facility_id
                AND sells_from.from_date <= now() AND sells_from.thru_date > now()
        )
    UNION ALL
    SELECT
        channel.channel_number,
        queue.facility_id,
        queue.facility_type_id,
        FALSE,
        channel.reserves,
        channel.holds AND coalesce(queue.order_queue_type_id IN ('PRE_ORDER', 'BACKORDER'), FALSE)
    FROM channel
    INNER JOIN facility AS queue ON queue.facility_type_id = 'VIRTUAL_FACILITY'
    WHERE
        channel.is_online
        AND (
            EXISTS (
                SELECT
                FROM channel AS own
                WHERE own.seller = channel.seller AND own.queue_facility_id = queue.facility_id
            )
            OR NOT EXISTS (
                SELECT
                FROM channel AS any_channel
                WHERE any_channel.queue_facility_id = queue.facility_id
            )
        )
),

-- Of a kit, at each facility, what its scarcest component makes; a component without a row there is not there.
stock AS (
    SELECT
        item.product_id,
        item.facility_id,
        item.available_to_promise_total AS atp
    FROM product_of_slice
    INNER JOIN inventory_item AS item ON product_of_slice.product_id = item.product_id
    WHERE NOT product_of_slice.is_kit
    UNION ALL
    SELECT
        component.product_id,
        item.facility_id,
        least(
            min(floor(item.available_to_promise_total / component.quantity)),
            CASE WHEN count(*) < min(component.components) THEN 0 END
        )
    FROM (
        SELECT
            *,
            count(*) OVER (PARTITION BY product_id) AS components
        FROM refresh_component
        WHERE slice = %(slice)s
    ) AS component
    INNER JOIN inventory_item AS item
        ON component.component_id = item.product_id AND NOT component.is_empty
    GROUP BY component.product_id, item.facility_id
),

promise AS (
    SELECT
        place.channel_number,
        stock.product_id,
        sum(stock.atp) FILTER (WHERE here.counts) AS atp,
        sum(CASE
            WHEN here.counts THEN greatest(0, stock.atp - coalesce(rule.minimum_stock, 0))
            WHEN place.is_deducted THEN least(0, stock.atp)
        END) AS promised,
        bool_or(place.is_held AND stock.atp < 0) AS is_held
    FROM stock
    INNER JOIN place ON stock.facility_id = place.facility_id
    LEFT JOIN product_facility AS rule
        ON stock.product_id = rule.product_id AND stock.facility_id = rule.facility_id
    CROSS JOIN LATERAL (
        SELECT place.is_physical AND coalesce(rule.allow_brokering, TRUE) AS counts
    ) AS here
    GROUP BY stock.product_id, place.channel_number
),

configuration AS (
    SELECT
        config.channel_number,
        rule.product_id,
        max(rule.minimum_stock) AS threshold,
        bool_and(rule.allow_brokering) AS allow_brokering
    FROM (
        SELECT
            channel_number,
            facility_id
        FROM place
        WHERE facility_type_id = 'CONFIGURATION'
        UNION
        SELECT
            channel_number,
            configuration_facility_id
        FROM channel
        WHERE configuration_facility_id IS NOT NULL
    ) AS config
    INNER JOIN product_facility AS rule ON config.facility_id = rule.facility_id
    INNER JOIN product_of_slice ON rule.product_id = product_of_slice.product_id
    GROUP BY config.channel_number, rule.product_id
),

fresh AS (
    SELECT
        mapped.shop_id,
        mapped.inventory_item_id,
        channel.location_id,
        mapped.product_id,
        channel.is_ours,
        CASE
            WHEN NOT channel.is_ours OR mapped.is_bundle THEN NULL
            WHEN channel.keeps_kit_numbers AND product_of_slice.is_kit THEN NULL
            WHEN NOT coalesce(configuration.allow_brokering, TRUE) OR coalesce(promise.is_held, FALSE) THEN 0
            WHEN promise.atp < 0 THEN 0
            ELSE least(1000000000, greatest(0, floor(
                coalesce(promise.promised, 0) - coalesce(configuration.threshold, 0)
            )))
        END::integer AS target
    FROM product_of_slice
    INNER JOIN shopify_shop_product AS mapped ON product_of_slice.product_id = mapped.product_id
    INNER JOIN channel ON mapped.shop_id = channel.shop_id
    LEFT JOIN promise
        ON
            channel.channel_number = promise.channel_number
            AND mapped.product_id = promise.product_id
    LEFT JOIN configuration
        ON
            channel.channel_number = configuration.channel_number
            AND mapped.product_id = configuration.product_id
)

SELECT
    fresh.shop_id,
    fresh.inventory_item_id,
    fresh.location_id,
    fresh.product_id,
    fresh.target
FROM fresh
LEFT JOIN inventory_level AS shown
    ON
        fresh.shop_id = shown.shop_id
        AND fresh.inventory_item_id = shown.inventory_item_id
        AND fresh.location_id = shown.location_id
WHERE
    fresh.target IS DISTINCT FROM shown.target
    OR fresh.product_id <> shown.product_id
    OR (NOT fresh.is_ours AND shown.product_id IS NULL) -- webhooks there prompt a look
ON CONFLICT (shop_id, inventory_item_id, location_id) DO UPDATE
SET
    product_id = excluded.product_id,
    target = excluded.target,
    to_observe = TRUE,
    position = CASE
        WHEN level.target IS NOT NULL AND level.product_id = excluded.product_id THEN level.position
    END
