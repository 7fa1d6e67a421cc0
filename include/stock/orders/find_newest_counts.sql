-- The newest snapshot of each product and facility that is going to be posted to, if it may already contain some of it.
-- Whole lists are compared, snapshot by snapshot: looking up a million products one by one would take seconds.
-- Reads inventory_snapshot; writes newest_count.
UPDATE newest_count AS place
SET as_of = newest.as_of, is_on_hand = newest.is_on_hand
FROM (
    SELECT DISTINCT ON (covered.product_id, snapshot.facility_id)
        covered.product_id,
        snapshot.facility_id,
        snapshot.as_of,
        covered.is_on_hand
    FROM inventory_snapshot AS snapshot
    INNER JOIN (
        SELECT
            facility_id,
            array_agg(product_id) AS product_ids
        FROM newest_count
        GROUP BY facility_id
    ) AS wanted ON snapshot.facility_id = wanted.facility_id
    CROSS JOIN LATERAL (
        SELECT
            counted.product_id,
            FALSE AS is_on_hand
        FROM (
            SELECT unnest(snapshot.product_ids) AS product_id
            INTERSECT
            SELECT unnest(wanted.product_ids)
        ) AS counted
        UNION ALL
        SELECT
            set_on_hand.product_id,
            TRUE
        FROM (
            SELECT unnest(snapshot.on_hand_product_ids) AS product_id
            INTERSECT
            SELECT unnest(wanted.product_ids)
        ) AS set_on_hand
    ) AS covered
    WHERE snapshot.as_of >= (SELECT min(earliest.effective_at) FROM newest_count AS earliest)
    ORDER BY
        covered.product_id ASC,
        snapshot.facility_id ASC,
        snapshot.as_of DESC,
        snapshot.data_manager_log_id DESC,
        covered.is_on_hand DESC
) AS newest
WHERE place.product_id = newest.product_id AND place.facility_id = newest.facility_id
