-- Online ATP of the given products at every mapped location, written where it differs; no more than Shopify can show.
-- Reads refresh_product, mappings, memberships, inventory_item, product_facility; writes inventory_level.
MERGE INTO inventory_level AS level
USING (
    WITH mapped AS (
        SELECT
            shop_product.shop_id,
            shop_product.inventory_item_id,
            shop_product.product_id,
            channel.location_id,
            channel.facility_group_id,
            channel.configuration_facility_id,
            channel.queue_facility_id,
            channel.use_valid_atp
        FROM refresh_product
        INNER JOIN shopify_shop_product AS shop_product ON refresh_product.product_id = shop_product.product_id
        INNER JOIN inventory_channel AS channel
            ON shop_product.shop_id = channel.shop_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    ),

    at_facility AS (
        SELECT
            member.facility_group_id,
            item.product_id,
            item.available_to_promise_total AS atp,
            greatest(0, item.available_to_promise_total - coalesce(rule.minimum_stock, 0)) AS promised
        FROM refresh_product
        INNER JOIN inventory_item AS item ON refresh_product.product_id = item.product_id
        INNER JOIN facility
            ON item.facility_id = facility.facility_id
            AND facility.facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
        INNER JOIN (
            SELECT DISTINCT
                facility_group_id,
                facility_id
            FROM facility_group_member
            WHERE from_date <= now() AND thru_date > now()
        ) AS member ON item.facility_id = member.facility_id
        LEFT JOIN product_facility AS rule
            ON item.product_id = rule.product_id AND item.facility_id = rule.facility_id
        WHERE coalesce(rule.allow_brokering, TRUE)
    ),

    promise AS (
        SELECT
            facility_group_id,
            product_id,
            CASE WHEN sum(atp) >= 0 THEN sum(promised) ELSE 0 END AS quantity
        FROM at_facility
        GROUP BY facility_group_id, product_id
    )

    SELECT
        mapped.shop_id,
        mapped.inventory_item_id,
        mapped.product_id,
        mapped.location_id,
        CASE
            WHEN NOT coalesce(channel_rule.allow_brokering, TRUE) THEN 0
            ELSE least(1000000000, greatest(0, floor(
                coalesce(promise.quantity, 0)
                - coalesce(channel_rule.minimum_stock, 0)
                + CASE WHEN mapped.use_valid_atp THEN least(0, coalesce(queue.available_to_promise_total, 0)) ELSE 0 END
            )))
        END::integer AS target
    FROM mapped
    LEFT JOIN promise
        ON mapped.facility_group_id = promise.facility_group_id AND mapped.product_id = promise.product_id
    LEFT JOIN product_facility AS channel_rule
        ON
            mapped.product_id = channel_rule.product_id
            AND mapped.configuration_facility_id = channel_rule.facility_id
    LEFT JOIN facility AS queue_facility
        ON
            mapped.queue_facility_id = queue_facility.facility_id
            AND queue_facility.facility_type_id = 'VIRTUAL_FACILITY'
    LEFT JOIN inventory_item AS queue
        ON mapped.product_id = queue.product_id AND queue_facility.facility_id = queue.facility_id
) AS fresh
    ON
        level.shop_id = fresh.shop_id
        AND level.inventory_item_id = fresh.inventory_item_id
        AND level.location_id = fresh.location_id
WHEN MATCHED AND level.target <> fresh.target THEN UPDATE SET target = fresh.target, to_observe = TRUE
WHEN NOT MATCHED THEN INSERT (shop_id, inventory_item_id, location_id, product_id, target)
    VALUES (fresh.shop_id, fresh.inventory_item_id, fresh.location_id, fresh.product_id, fresh.target)
