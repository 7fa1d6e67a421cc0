-- The files of a shop that are not done, oldest first. Reads outbox_file, shopify_shop.
SELECT
    file.outbox_file_id,
    file.status_id,
    file.operation_id,
    file.mark,
    coalesce(
        file.started_at + make_interval(secs => shop.seconds_to_arrive) > clock_timestamp(), FALSE
    ) AS can_still_arrive
FROM outbox_file AS file
INNER JOIN shopify_shop AS shop ON file.shop_id = shop.shop_id
WHERE file.shop_id = %(shop_id)s AND file.status_id <> 'DONE'
ORDER BY file.outbox_file_id
