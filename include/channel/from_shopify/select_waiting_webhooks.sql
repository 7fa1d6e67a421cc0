-- The shops with messages that wait: the newest of each, and whether the one that was told of last waits still.
-- Reads shopify_shop, shopify_webhook.
SELECT
    shop.shop_id,
    newest.webhook_id,
    told_of.webhook_id IS NOT NULL AS waits_still
FROM shopify_shop AS shop
CROSS JOIN LATERAL (
    SELECT webhook.webhook_id
    FROM shopify_webhook AS webhook
    WHERE webhook.shop_id = shop.shop_id AND webhook.status_id = 'PENDING'
    ORDER BY webhook.received_at DESC
    LIMIT 1
) AS newest
LEFT JOIN unnest(%(shops)s::text[], %(webhooks)s::text[]) AS told (shop_id, webhook_id)
    ON shop.shop_id = told.shop_id
LEFT JOIN shopify_webhook AS told_of
    ON
        told.shop_id = told_of.shop_id
        AND told.webhook_id = told_of.webhook_id
        AND told_of.status_id = 'PENDING'
ORDER BY shop.shop_id
