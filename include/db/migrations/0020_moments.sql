-- When something takes effect of which we hear only now; and what the ERP was not told, by what is open.
CREATE FUNCTION heard_at() RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT greatest(now(), (SELECT max(snapshot.as_of) FROM inventory_snapshot AS snapshot) + interval '1 microsecond')
$$;
COMMENT ON FUNCTION heard_at IS
'The present, and later than all snapshots that were applied: none of them can know of what we hear of only now, also
where the clock of who took them is ahead of ours.';

-- What of ours the ERP has yet to be told: a reset looks at what is open, however much was told before.
CREATE TABLE untold_variance (
    inventory_item_detail_id bigint PRIMARY KEY,
    effective_at timestamptz NOT NULL
);
CREATE INDEX ON untold_variance (effective_at);
COMMENT ON TABLE untold_variance IS
'Ledger rows that are new to the ERP and stand in no variance file: noted when they are posted, taken out when a file is
frozen that tells them.';
INSERT INTO untold_variance (inventory_item_detail_id, effective_at)
SELECT
    detail.inventory_item_detail_id,
    detail.effective_at
FROM inventory_item_detail AS detail
WHERE
    detail.is_new_to_erp
    AND NOT EXISTS (
        SELECT FROM exported_variance AS told
        WHERE told.inventory_item_detail_id = detail.inventory_item_detail_id
    );
-- A file that is frozen and waits is in the ERP's books at no moment yet.
CREATE INDEX variance_file_uploaded ON variance_file (variance_feed_id, (coalesce(uploaded_at, 'infinity')));

-- OFFSET 0 has each looked up: how few are open, the planner cannot know.
CREATE OR REPLACE FUNCTION unknown_to_erp(as_of timestamptz)
RETURNS TABLE (
    product_id identifier, facility_id identifier, quantity_on_hand_diff numeric, available_to_promise_diff numeric
)
LANGUAGE sql STABLE AS $$
WITH unknown AS (
    SELECT untold.inventory_item_detail_id
    FROM untold_variance AS untold
    WHERE
        untold.effective_at <= unknown_to_erp.as_of
        AND untold.effective_at >= (SELECT min(feed.export_from) FROM variance_feed AS feed)
    UNION ALL
    SELECT told.inventory_item_detail_id
    FROM variance_feed AS feed
    INNER JOIN variance_file AS file
        ON
            feed.variance_feed_id = file.variance_feed_id
            AND coalesce(file.uploaded_at, 'infinity') > unknown_to_erp.as_of - feed.reaches_erp_after
    INNER JOIN exported_variance AS told ON file.variance_file_id = told.variance_file_id
    WHERE told.acknowledged_at IS NULL OR told.acknowledged_at > unknown_to_erp.as_of
)

SELECT
    detail.product_id,
    detail.facility_id,
    detail.quantity_on_hand_diff,
    detail.available_to_promise_diff
FROM unknown
CROSS JOIN LATERAL (
    SELECT posted.*
    FROM inventory_item_detail AS posted
    WHERE posted.inventory_item_detail_id = unknown.inventory_item_detail_id
    OFFSET 0
) AS detail
WHERE
    detail.effective_at <= unknown_to_erp.as_of
    AND detail.effective_at >= (SELECT min(feed.export_from) FROM variance_feed AS feed)
$$;

-- Statements join the reasons: a call for each row of a file of a million cost more than all else.
DROP FUNCTION is_told_to_erp(text);

CREATE INDEX shipment_receipt_rejected_product ON shipment_receipt (product_id) WHERE quantity_rejected > 0;
