-- The rows of a receipt in the words of shipments. A date without a time is the end of that day, or the file's moment
-- if that is earlier.
-- Reads resolved_row, staged; writes received_item.
INSERT INTO received_item (
    line_number, shipment_id, external_id, shipment_item_seq_id, item_external_id, product_id, quantity_accepted,
    quantity_rejected, rejection_reason, received_at, complaint
)
-- A file names few dates: each is read once.
WITH moment AS MATERIALIZED (
    SELECT
        received_date,
        CASE
            WHEN trim(received_date) ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
                THEN CASE
                    WHEN as_moment(trim(received_date) || ' 00:00', %(time_zone)s) <= %(as_of)s
                        THEN least(as_moment(trim(received_date) || ' 23:59:59', %(time_zone)s), %(as_of)s)
                    ELSE as_moment(trim(received_date) || ' 00:00', %(time_zone)s)
                END
            ELSE as_moment(received_date, %(time_zone)s)
        END AS received_at
    FROM (SELECT DISTINCT received_date FROM staged WHERE trim(received_date) <> '') AS written
),

understood AS MATERIALIZED (
    SELECT
        resolved_row.line_number,
        resolved_row.product_id,
        staged.shipment_id,
        staged.external_shipment_id,
        staged.shipment_item_seq_id,
        staged.item_external_id,
        staged.rejection_reason,
        nullif(trim(staged.quantity_accepted), '') AS accepted_written,
        nullif(trim(staged.quantity_rejected), '') AS rejected_written,
        as_quantity(staged.quantity_accepted) AS accepted,
        as_quantity(staged.quantity_rejected) AS rejected,
        nullif(trim(staged.received_date), '') AS received_written,
        CASE
            WHEN nullif(trim(staged.received_date), '') IS NULL THEN %(as_of)s
            ELSE moment.received_at
        END AS received_at
    FROM resolved_row
    INNER JOIN staged ON resolved_row.staged_at = staged.ctid
    LEFT JOIN moment ON staged.received_date = moment.received_date
    WHERE staged.malformed IS NULL
)

SELECT
    line_number,
    nullif(trim(shipment_id), ''),
    nullif(trim(external_shipment_id), ''),
    nullif(trim(shipment_item_seq_id), ''),
    nullif(trim(item_external_id), ''),
    product_id,
    coalesce(accepted, 0),
    coalesce(rejected, 0),
    nullif(trim(rejection_reason), ''),
    received_at,
    CASE
        WHEN accepted_written IS NULL AND rejected_written IS NULL
            THEN 'quantity-accepted and quantity-rejected are empty; expected what has arrived'
        WHEN accepted_written IS NOT NULL AND accepted IS NULL
            THEN format('quantity-accepted %%L is not a number; expected digits such as 12 or 12.5', accepted_written)
        WHEN rejected_written IS NOT NULL AND rejected IS NULL
            THEN format('quantity-rejected %%L is not a number; expected digits such as 12 or 12.5', rejected_written)
        WHEN accepted < 0
            THEN format(
                'quantity-accepted %%s is below zero; expected what has arrived. Take units back with an inventory'
                ' variance',
                accepted_written
            )
        WHEN rejected < 0
            THEN format('quantity-rejected %%s is below zero; expected what has arrived', rejected_written)
        WHEN received_at IS NULL
            THEN format(
                'received-date %%L; expected a date and time such as 2026-11-20T09:00 or 2026-11-20 09:00:00+01:00',
                received_written
            )
        -- A file's own moment may be that of its arrival, after the transaction has begun.
        WHEN received_at > greatest(now(), %(as_of)s)
            THEN format('received-date %%L lies in the future; expected when it was received', received_written)
    END
FROM understood
