-- What becomes of the rows: changed, unchanged, superseded. Reads kit_row, kit_period, product_assoc.
SELECT
    count(period.line_number) FILTER (WHERE NOT is_known) AS changed,
    count(period.line_number) FILTER (WHERE is_known) AS unchanged,
    count(*) FILTER (WHERE kit_row.superseded) AS superseded
FROM kit_row
LEFT JOIN kit_period AS period ON kit_row.line_number = period.line_number
LEFT JOIN product_assoc AS stored
    ON
        period.product_id = stored.product_id AND period.product_id_to = stored.product_id_to
        AND stored.product_assoc_type_id = 'PRODUCT_COMPONENT'
        AND period.from_date = stored.from_date
CROSS JOIN LATERAL (
    SELECT coalesce(period.quantity = stored.quantity AND period.thru_date = stored.thru_date, FALSE) AS is_known
) AS compared
WHERE kit_row.complaint IS NULL
