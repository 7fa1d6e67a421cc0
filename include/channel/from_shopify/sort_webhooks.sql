-- What each waiting message is good for. It echoes what we believe: the position, or what it will be once the batch
-- under way is confirmed. It is about a level that we do not keep. Or its level is marked to be looked at. What is
-- about a location where Shopify is master is left waiting. Answers counts by status.
-- Reads inventory_channel, outbox_batch_row; writes shopify_webhook, inventory_level.
WITH waiting AS (
    SELECT
        webhook.webhook_id,
        webhook.inventory_item_id,
        webhook.location_id,
        level.inventory_item_id IS NULL AS is_strange,
        coalesce(
            webhook.available = level.position OR webhook.available = level.position + batch_row.delta, FALSE
        ) AS is_echo
    FROM shopify_webhook AS webhook
    LEFT JOIN inventory_level AS level
        ON
            webhook.shop_id = level.shop_id
            AND webhook.inventory_item_id = level.inventory_item_id
            AND webhook.location_id = level.location_id
    LEFT JOIN outbox_batch_row AS batch_row
        ON
            level.outbox_batch_id = batch_row.outbox_batch_id
            AND level.inventory_item_id = batch_row.inventory_item_id
            AND level.location_id = batch_row.location_id
    LEFT JOIN inventory_channel AS channel
        ON
            webhook.shop_id = channel.shop_id
            AND webhook.location_id = channel.location_id
            AND channel.from_date <= now() AND channel.thru_date > now()
    WHERE
        webhook.shop_id = %(shop_id)s AND webhook.status_id = 'PENDING'
        AND (
            webhook.inventory_item_id IS NULL
            OR level.inventory_item_id IS NULL
            OR coalesce(channel.inventory_master, 'OMS') = 'OMS'
        )
),

marked AS (
    UPDATE inventory_level AS level
    SET to_observe = TRUE
    FROM (
        SELECT DISTINCT
            inventory_item_id,
            location_id
        FROM waiting
        WHERE NOT is_strange AND NOT is_echo
    ) AS prompted
    WHERE
        level.shop_id = %(shop_id)s
        AND level.inventory_item_id = prompted.inventory_item_id
        AND level.location_id = prompted.location_id
        AND NOT level.to_observe
),

sorted AS (
    UPDATE shopify_webhook AS webhook
    SET
        status_id = CASE WHEN waiting.is_strange THEN 'IGNORED' WHEN waiting.is_echo THEN 'ECHO' ELSE 'MARKED' END,
        message = CASE WHEN waiting.is_strange THEN 'no level of ours: not mapped, or another topic' END,
        processed_at = now()
    FROM waiting
    WHERE webhook.shop_id = %(shop_id)s AND webhook.webhook_id = waiting.webhook_id
    RETURNING webhook.status_id
)

SELECT
    status_id,
    count(*)::integer AS messages
FROM sorted
GROUP BY status_id
