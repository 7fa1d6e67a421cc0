-- How one feed to the ERP is written. Reads variance_feed.
SELECT
    variance_feed_id,
    property_resource,
    export_path,
    columns,
    product_id_type,
    adjustment_account,
    subsidiary,
    time_zone,
    date_format,
    export_from,
    rows_per_file
FROM variance_feed
WHERE variance_feed_id = %(variance_feed_id)s
