-- Whether a batch is planned and its sender still the shop's. Reads outbox_batch, shopify_shop.
SELECT batch.outbox_batch_id
FROM outbox_batch AS batch
INNER JOIN shopify_shop AS shop ON batch.shop_id = shop.shop_id
WHERE
    batch.outbox_batch_id = %(outbox_batch_id)s AND batch.status_id = 'PLANNED'
    AND shop.sender_epoch = %(sender_epoch)s
