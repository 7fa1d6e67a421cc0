-- A snapshot becomes a difference to the stock as of its moment: the stock now, less what took effect since, and, of a
-- snapshot of the ERP, less what that had not been told of by then. Only rows that differ or cannot be used go on; of
-- the others it is noted that the snapshot spoke of them. Rows about kits are left out: what a kit promises is computed
-- from its components.
-- Answers how many rows can be used, and how many products and facilities they are, told apart by hash.
-- Reads understood_row, staged, product, inventory_item, inventory_item_detail, untold_variance, exported_variance,
-- variance_file, variance_feed; writes resolved_row, covered_facility.
-- The caller holds the stock's write lock.
WITH not_in_it AS (
    SELECT
        product_id,
        facility_id,
        quantity_on_hand_diff,
        available_to_promise_diff
    FROM inventory_item_detail
    WHERE effective_at > %(as_of)s
    UNION ALL
    SELECT
        product_id,
        facility_id,
        quantity_on_hand_diff,
        available_to_promise_diff
    FROM unknown_to_erp(%(as_of)s)
    WHERE %(is_of_erp)s
),

since AS (
    SELECT
        product_id,
        facility_id,
        sum(quantity_on_hand_diff) AS quantity_on_hand,
        sum(available_to_promise_diff) AS available_to_promise
    FROM not_in_it
    GROUP BY product_id, facility_id
),

counted AS MATERIALIZED (
    SELECT
        understood.line_number,
        understood.staged_at,
        understood.product_id,
        understood.facility_id,
        understood.usable,
        understood.usable AND understood.product_id IN (SELECT kit.product_id FROM product AS kit WHERE kit.is_kit)
            AS is_kit,
        CASE
            WHEN staged.reset_by_atp IS NOT NULL AND as_flag(staged.reset_by_atp) IS NULL
                THEN format('resetByAtp %%L; expected true or false', staged.reset_by_atp)
            WHEN upper(trim(staged.reset_by)) NOT IN ('ATP', 'QOH')
                THEN format('resetBy %%L; expected ATP or QOH', staged.reset_by)
        END AS complaint,
        how.by_atp,
        understood.quantity - CASE
            WHEN how.by_atp
                THEN coalesce(item.available_to_promise_total, 0) - coalesce(since.available_to_promise, 0)
            ELSE coalesce(item.quantity_on_hand_total, 0) - coalesce(since.quantity_on_hand, 0)
        END AS difference
    FROM understood_row AS understood
    LEFT JOIN staged ON %(has_reset_by)s AND understood.staged_at = staged.ctid
    CROSS JOIN LATERAL (
        SELECT coalesce(as_flag(staged.reset_by_atp), upper(trim(staged.reset_by)) = 'ATP', %(by_atp)s) AS by_atp
    ) AS how
    LEFT JOIN inventory_item AS item
        ON understood.product_id = item.product_id AND understood.facility_id = item.facility_id
    LEFT JOIN since
        ON understood.product_id = since.product_id AND understood.facility_id = since.facility_id
),

-- Grouped before it is told which rows count: the planner would take these for so few that it sorts them all.
covered AS (
    INSERT INTO covered_facility (facility_id, product_ids, on_hand_product_ids, rows_about_kits)
    SELECT
        facility_id,
        coalesce(array_agg(product_id) FILTER (WHERE usable AND complaint IS NULL AND NOT is_kit), '{}'),
        coalesce(array_agg(product_id) FILTER (WHERE usable AND complaint IS NULL AND NOT is_kit AND NOT by_atp), '{}'),
        count(*) FILTER (WHERE usable AND complaint IS NULL AND is_kit)
    FROM counted
    WHERE facility_id IS NOT NULL
    GROUP BY facility_id
),

kept AS (
    INSERT INTO resolved_row (line_number, staged_at, product_id, facility_id, quantity, usable, complaint)
    SELECT
        line_number,
        staged_at,
        product_id,
        facility_id,
        difference,
        usable,
        complaint
    FROM counted
    WHERE NOT usable OR complaint IS NOT NULL OR (difference <> 0 AND NOT is_kit)
)

SELECT
    count(*) AS usable_rows,
    count(DISTINCT hashtextextended(product_id, hashtextextended(facility_id, 0))) AS products_and_facilities
FROM counted
WHERE usable AND complaint IS NULL AND NOT is_kit
