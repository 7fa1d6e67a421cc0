-- What the ERP has not been told, in its words; with a complaint where it has no words for the product or facility.
-- Reads untold_variance, inventory_item_detail by its key, shipment_receipt, exported_variance, variance_reason,
-- facility, good_identification.
WITH untold AS (
    SELECT
        detail.inventory_item_detail_id,
        NULL::bigint AS shipment_receipt_id,
        detail.inventory_item_detail_id::text AS reference,
        detail.product_id,
        detail.facility_id,
        detail.quantity_on_hand_diff AS quantity,
        detail.effective_at,
        detail.reason_enum_id AS variance_reason_id,
        concat_ws(': ', coalesce(reason.description, detail.reason_enum_id), detail.description) AS memo
    FROM untold_variance AS open_one
    -- OFFSET 0 has each looked up: how few are open, the planner cannot know.
    CROSS JOIN LATERAL (
        SELECT posted.*
        FROM inventory_item_detail AS posted
        WHERE posted.inventory_item_detail_id = open_one.inventory_item_detail_id
        ORDER BY posted.inventory_item_detail_id
        OFFSET 0
    ) AS detail
    LEFT JOIN variance_reason AS reason ON detail.reason_enum_id = reason.variance_reason_id
    WHERE open_one.effective_at >= %(export_from)s
    UNION ALL
    SELECT
        NULL,
        receipt.shipment_receipt_id,
        'R' || receipt.shipment_receipt_id,
        receipt.product_id,
        receipt.facility_id,
        -receipt.quantity_rejected,
        receipt.received_at,
        coalesce(known.variance_reason_id, 'REJ_RSN_DAMAGED'),
        concat_ws(': ', 'Rejected on arrival', coalesce(known.description, receipt.rejection_reason))
    FROM shipment_receipt AS receipt
    LEFT JOIN variance_reason AS known ON receipt.rejection_reason = known.variance_reason_id
    WHERE
        receipt.quantity_rejected > 0
        AND receipt.received_at >= %(export_from)s
        AND NOT EXISTS (
            SELECT FROM exported_variance AS told
            WHERE told.shipment_receipt_id = receipt.shipment_receipt_id
        )
),

named AS (
    SELECT
        good.product_id,
        min(good.id_value) AS id_value
    FROM good_identification AS good
    WHERE
        good.good_identification_type_id = %(product_id_type)s
        AND good.product_id IN (SELECT untold.product_id FROM untold)
    GROUP BY good.product_id
)

SELECT
    untold.inventory_item_detail_id,
    untold.shipment_receipt_id,
    untold.reference,
    named.id_value,
    facility.external_id AS external_facility_id,
    facility.facility_name,
    trim_scale(untold.quantity)::text AS quantity,
    to_char(untold.effective_at AT TIME ZONE %(time_zone)s, %(date_format)s) AS effective_date,
    untold.variance_reason_id,
    untold.memo,
    CASE
        WHEN named.id_value IS NULL
            THEN format(
                'product %%L has no %%s: enter it in good_identification', untold.product_id, %(product_id_type)s::text
            )
        WHEN facility.external_id IS NULL
            THEN format('facility %%L has no external_id: enter its NetSuite location in facility', untold.facility_id)
    END AS complaint
FROM untold
LEFT JOIN named ON untold.product_id = named.product_id
LEFT JOIN facility ON untold.facility_id = facility.facility_id
ORDER BY untold.effective_at, untold.inventory_item_detail_id, untold.shipment_receipt_id
