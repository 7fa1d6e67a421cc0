-- The ATP rules that have set what holds now of a product at facilities: of each value the newest imported change, if
-- it is still the value. Reads rule_change by its index, rule_file, rule_group_type, product_facility.
SELECT
    newest.facility_id,
    CASE
        WHEN newest.field = 'allow_brokering' THEN 'brokering'
        WHEN newest.at_channel THEN 'threshold'
        ELSE 'safety stock'
    END AS value,
    newest.rule_group_id,
    newest.rule_id,
    newest.file_name
FROM (
    SELECT DISTINCT ON (change.facility_id, kind.field)
        change.facility_id,
        kind.field,
        kind.at_channel,
        change.to_value,
        change.rule_group_id,
        change.rule_id,
        file.file_name
    FROM rule_change AS change
    INNER JOIN rule_file AS file ON change.rule_file_id = file.rule_file_id AND file.status_id = 'IMPORTED'
    INNER JOIN rule_group_type AS kind ON file.rule_group_type_id = kind.rule_group_type_id
    WHERE
        change.product_id = %(product_id)s AND change.facility_id = any(%(facility_ids)s::text[])
        AND kind.field IN ('minimum_stock', 'allow_brokering')
    ORDER BY change.facility_id ASC, kind.field ASC, change.rule_file_id DESC
) AS newest
INNER JOIN product_facility AS current_value
    ON
        newest.facility_id = current_value.facility_id AND current_value.product_id = %(product_id)s
        AND newest.to_value = CASE newest.field
            WHEN 'minimum_stock' THEN current_value.minimum_stock
            ELSE current_value.allow_brokering::integer
        END
ORDER BY newest.facility_id, newest.field
