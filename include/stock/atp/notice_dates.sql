-- Turns the dated rows that have begun or ended since targets were last computed; their triggers mark what depends on
-- them. Compared with what was applied, not with a clock: a run that did not happen, or a date set late, costs nothing.
-- Rows that a kit list is writing are left to the next refresh: the two would lock the same rows in different orders.
-- Reads and writes facility_group_member, product_store_facility, inventory_channel, product_assoc by their indexes.
WITH member AS (
    UPDATE facility_group_member SET is_current = NOT is_current
    WHERE is_current <> (from_date <= now() AND thru_date > now())
),

store_facility AS (
    UPDATE product_store_facility SET is_current = NOT is_current
    WHERE is_current <> (from_date <= now() AND thru_date > now())
),

channel AS (
    UPDATE inventory_channel SET is_current = NOT is_current
    WHERE is_current <> (from_date <= now() AND thru_date > now())
)

UPDATE product_assoc SET is_current = NOT is_current
WHERE ctid = any(array(
    SELECT ctid
    FROM product_assoc
    WHERE
        (NOT is_current AND thru_date > now() AND from_date <= now())
        OR (is_current AND thru_date <= now())
        OR (is_current AND from_date > now())
    FOR UPDATE SKIP LOCKED
))
