-- The answers that cannot be taken, each with the reason. Reads staged, exported_variance.
WITH answer AS (
    SELECT
        staged.line_number,
        staged.malformed,
        trim(staged.reference) AS reference,
        trim(staged.erp_id) AS erp_id,
        told.variance_file_id,
        coalesce(
            told.erp_id,
            first_value(trim(staged.erp_id)) OVER (PARTITION BY trim(staged.reference) ORDER BY staged.line_number)
        ) AS known_erp_id
    FROM staged
    LEFT JOIN exported_variance AS told
        ON
            told.inventory_item_detail_id = CASE
                WHEN trim(staged.reference) ~ '^[0-9]{1,18}$' THEN trim(staged.reference)::bigint
            END
            OR told.shipment_receipt_id = CASE
                WHEN trim(staged.reference) ~ '^R[0-9]{1,18}$' THEN substr(trim(staged.reference), 2)::bigint
            END
),

judged AS (
    SELECT
        line_number,
        CASE
            WHEN malformed IS NOT NULL THEN malformed
            WHEN coalesce(reference, '') = ''
                THEN format('%%s is empty; expected the Reference No of a variance file', %(reference_name)s::text)
            WHEN variance_file_id IS NULL
                THEN format(
                    '%%s %%L: nothing was told under this reference; expected the Reference No of a variance file',
                    %(reference_name)s::text, reference
                )
            WHEN coalesce(erp_id, '') = ''
                THEN format('%%s is empty; expected the id of the ERP''s adjustment', %(erp_id_name)s::text)
            WHEN erp_id <> known_erp_id
                THEN format(
                    '%%s %%L: the ERP has answered with %%L before; it may have booked %%s twice. Look at both, take'
                    ' one back if so, and leave this row out',
                    %(erp_id_name)s::text, erp_id, known_erp_id, reference
                )
        END AS complaint
    FROM answer
)

SELECT
    line_number,
    complaint
FROM judged
WHERE complaint IS NOT NULL
ORDER BY line_number
