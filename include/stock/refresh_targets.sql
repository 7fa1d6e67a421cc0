-- Online ATP of a slice of the given products at every mapped location, written where it differs; no more than Shopify
-- can show.
-- Reads refresh_product, refresh_component, mappings, memberships, stores, inventory_item, product_facility; writes
-- inventory_level.
MERGE INTO inventory_level AS level
USING (
    WITH product_of_slice AS (
        SELECT product_id FROM refresh_product
        WHERE slice = %(slice)s
    ),

    component_of_slice AS (
        SELECT * FROM refresh_component
        WHERE slice = %(slice)s
    ),

    channel AS MATERIALIZED (
        SELECT
            channel.inventory_channel_id,
            channel.shop_id,
            channel.location_id,
            channel.facility_group_id,
            channel.configuration_facility_id,
            channel.queue_facility_id,
            shop.product_store_id,
            coalesce('store ' || shop.product_store_id, 'shop ' || shop.shop_id) AS seller,
            shop.keeps_kit_numbers,
            queue.facility_type_id = 'VIRTUAL_FACILITY' AS is_online,
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
            channel.inventory_channel_id,
            member.facility_id,
            facility.facility_type_id,
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
            channel.inventory_channel_id,
            queue.facility_id,
            queue.facility_type_id,
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
        WHERE product_of_slice.product_id NOT IN (SELECT kit.product_id FROM component_of_slice AS kit)
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
            FROM component_of_slice
        ) AS component
        INNER JOIN inventory_item AS item
            ON component.component_id = item.product_id AND NOT component.is_empty
        GROUP BY component.product_id, item.facility_id
    ),

    promise AS (
        SELECT
            place.inventory_channel_id,
            stock.product_id,
            coalesce(sum(stock.atp) FILTER (WHERE here.counts), 0) AS atp,
            coalesce(
                sum(greatest(0, stock.atp - coalesce(rule.minimum_stock, 0))) FILTER (WHERE here.counts), 0
            ) AS promised,
            coalesce(sum(least(0, stock.atp)) FILTER (WHERE place.is_deducted), 0) AS queued,
            coalesce(bool_or(place.is_held AND stock.atp < 0), FALSE) AS is_held
        FROM stock
        INNER JOIN place ON stock.facility_id = place.facility_id
        LEFT JOIN product_facility AS rule
            ON stock.product_id = rule.product_id AND stock.facility_id = rule.facility_id
        CROSS JOIN LATERAL (
            SELECT
                place.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
                AND coalesce(rule.allow_brokering, TRUE) AS counts
        ) AS here
        GROUP BY place.inventory_channel_id, stock.product_id
    ),

    configuration AS (
        SELECT
            config.inventory_channel_id,
            rule.product_id,
            max(rule.minimum_stock) AS threshold,
            bool_and(rule.allow_brokering) AS allow_brokering
        FROM (
            SELECT
                inventory_channel_id,
                facility_id
            FROM place
            WHERE facility_type_id = 'CONFIGURATION'
            UNION
            SELECT
                inventory_channel_id,
                configuration_facility_id
            FROM channel
            WHERE configuration_facility_id IS NOT NULL
        ) AS config
        INNER JOIN product_facility AS rule ON config.facility_id = rule.facility_id
        INNER JOIN product_of_slice ON rule.product_id = product_of_slice.product_id
        GROUP BY config.inventory_channel_id, rule.product_id
    )

    SELECT
        mapped.shop_id,
        mapped.inventory_item_id,
        mapped.product_id,
        channel.location_id,
        CASE
            WHEN mapped.is_bundle THEN NULL
            WHEN
                channel.keeps_kit_numbers
                AND mapped.product_id IN (SELECT kit.product_id FROM component_of_slice AS kit)
                THEN NULL
            WHEN NOT coalesce(configuration.allow_brokering, TRUE) OR coalesce(promise.is_held, FALSE) THEN 0
            WHEN promise.atp < 0 THEN 0
            ELSE least(1000000000, greatest(0, floor(
                coalesce(promise.promised, 0) - coalesce(configuration.threshold, 0) + coalesce(promise.queued, 0)
            )))
        END::integer AS target
    FROM product_of_slice
    INNER JOIN shopify_shop_product AS mapped ON product_of_slice.product_id = mapped.product_id
    INNER JOIN channel ON mapped.shop_id = channel.shop_id
    LEFT JOIN promise
        ON
            channel.inventory_channel_id = promise.inventory_channel_id
            AND mapped.product_id = promise.product_id
    LEFT JOIN configuration
        ON
            channel.inventory_channel_id = configuration.inventory_channel_id
            AND mapped.product_id = configuration.product_id
) AS fresh
    ON
        level.shop_id = fresh.shop_id
        AND level.inventory_item_id = fresh.inventory_item_id
        AND level.location_id = fresh.location_id
WHEN MATCHED AND level.target IS DISTINCT FROM fresh.target THEN UPDATE
    SET target = fresh.target, to_observe = TRUE
WHEN NOT MATCHED AND fresh.target IS NOT NULL
    THEN INSERT (shop_id, inventory_item_id, location_id, product_id, target)
    VALUES (fresh.shop_id, fresh.inventory_item_id, fresh.location_id, fresh.product_id, fresh.target)
