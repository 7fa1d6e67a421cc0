-- Of given levels those whose batch has an unknown outcome and could not arrive any more when they were read, and what
-- each of given orders has taken from them by our position, with whether no import since a movement has changed that.
-- Reads shopify_shop, inventory_level, outbox_batch, outbox_batch_row, shopify_order_item, shopify_order_movement.
-- Locks those levels.
SELECT
    level.inventory_item_id,
    level.location_id,
    level.position,
    batch_row.delta,
    (
        SELECT
            jsonb_object_agg(
                item.order_id,
                jsonb_build_array(
                    item.taken - item.returned,
                    NOT EXISTS (
                        SELECT
                        FROM shopify_order_movement AS movement
                        WHERE
                            movement.shop_id = item.shop_id
                            AND movement.inventory_item_id = item.inventory_item_id
                            AND movement.location_id = item.location_id
                            AND movement.shopify_order_movement_id > %(last_movement)s
                            AND movement.order_id = item.order_id
                            AND (movement.taken_diff <> 0 OR movement.returned_diff <> 0)
                    )
                )
            )
        FROM shopify_order_item AS item
        WHERE
            item.shop_id = level.shop_id
            AND item.order_id IN (SELECT unnest(%(order_ids)s::text[]))
            AND item.inventory_item_id = level.inventory_item_id
            AND item.location_id = level.location_id
    ) AS imported
FROM unnest(%(items)s::text[], %(locations)s::text[]) AS asked (inventory_item_id, location_id)
INNER JOIN inventory_level AS level
    ON
        level.shop_id = %(shop_id)s
        AND asked.inventory_item_id = level.inventory_item_id
        AND asked.location_id = level.location_id
INNER JOIN outbox_batch AS batch
    ON level.outbox_batch_id = batch.outbox_batch_id AND batch.status_id = 'UNKNOWN'
INNER JOIN shopify_shop AS shop
    ON
        batch.shop_id = shop.shop_id
        AND batch.sent_at + make_interval(secs => shop.seconds_to_arrive) <= %(looked_from)s
INNER JOIN outbox_batch_row AS batch_row
    ON
        batch.outbox_batch_id = batch_row.outbox_batch_id
        AND level.inventory_item_id = batch_row.inventory_item_id
        AND level.location_id = batch_row.location_id
FOR UPDATE OF level
