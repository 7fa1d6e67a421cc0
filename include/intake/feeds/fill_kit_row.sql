-- Understands each staged row: which kit, which component, how many, from when until when; or says what is wrong.
-- A product is named by its id, else by the feed's kind of identification; by that of the row if it names one.
-- Reads staged, product, good_identification; writes kit_row.
INSERT INTO kit_row (
    line_number, staged_at, product_id, product_id_to, quantity, from_date, thru_date, complaint
)
WITH
id_type AS (
    SELECT
        written.id_type,
        min(known.good_identification_type_id) AS good_identification_type_id
    FROM (
        SELECT %(default_id_type)s::text AS id_type
        UNION
        SELECT 'SKU' AS id_type
        UNION
        SELECT id_type FROM staged WHERE id_type IS NOT NULL
    ) AS written
    INNER JOIN (SELECT DISTINCT good_identification_type_id FROM good_identification) AS known
        ON
            regexp_replace(lower(known.good_identification_type_id), '[^a-z0-9]', '', 'g')
            = regexp_replace(lower(written.id_type), '[^a-z0-9]', '', 'g')
    GROUP BY written.id_type
),

named AS (
    SELECT
        ctid AS staged_at,
        coalesce(product_id, kit_sku) AS kit,
        CASE WHEN product_id IS NULL THEN 'SKU' ELSE coalesce(id_type, %(default_id_type)s) END AS kit_type,
        product_id IS NOT NULL AND id_type IS NULL AS kit_may_be_id,
        coalesce(product_id_to, component_sku) AS component,
        CASE WHEN product_id_to IS NULL THEN 'SKU' ELSE coalesce(id_type, %(default_id_type)s) END AS component_type,
        product_id_to IS NOT NULL AND id_type IS NULL AS component_may_be_id
    FROM staged
),

understood AS (
    SELECT
        staged.line_number,
        staged.ctid AS staged_at,
        staged.malformed,
        named.kit,
        named.kit_type,
        named.kit_may_be_id,
        named.component,
        named.component_type,
        named.component_may_be_id,
        coalesce(kit_by_id.product_id, kit_by_name.product_id) AS product_id,
        coalesce(component_by_id.product_id, component_by_name.product_id) AS product_id_to,
        nullif(trim(staged.product_assoc_type_id), '') AS product_assoc_type_id,
        nullif(trim(staged.quantity), '') AS quantity,
        nullif(trim(staged.from_date), '') AS from_date,
        nullif(trim(staged.thru_date), '') AS thru_date,
        as_quantity(coalesce(nullif(trim(staged.quantity), ''), '1')) AS units,
        CASE
            WHEN trim(staged.from_date) <> ''
                THEN coalesce(
                    as_moment(staged.from_date, %(time_zone)s),
                    as_moment(trim(staged.from_date) || ' 00:00', %(time_zone)s)
                )
            ELSE '-infinity'
        END AS from_moment,
        CASE
            WHEN trim(staged.thru_date) <> ''
                THEN coalesce(
                    as_moment(staged.thru_date, %(time_zone)s),
                    as_moment(trim(staged.thru_date) || ' 00:00', %(time_zone)s)
                )
            ELSE 'infinity'
        END AS thru_moment
    FROM staged
    INNER JOIN named ON staged.ctid = named.staged_at
    LEFT JOIN product AS kit_by_id ON named.kit_may_be_id AND named.kit = kit_by_id.product_id
    LEFT JOIN id_type AS kit_id_type ON named.kit_type = kit_id_type.id_type
    LEFT JOIN good_identification AS kit_by_name
        ON
            kit_id_type.good_identification_type_id = kit_by_name.good_identification_type_id
            AND named.kit = kit_by_name.id_value
    LEFT JOIN product AS component_by_id
        ON named.component_may_be_id AND named.component = component_by_id.product_id
    LEFT JOIN id_type AS component_id_type ON named.component_type = component_id_type.id_type
    LEFT JOIN good_identification AS component_by_name
        ON
            component_id_type.good_identification_type_id = component_by_name.good_identification_type_id
            AND named.component = component_by_name.id_value
)

SELECT
    line_number,
    staged_at,
    product_id,
    product_id_to,
    units,
    from_moment,
    thru_moment,
    CASE
        WHEN malformed IS NOT NULL THEN malformed
        WHEN kit IS NULL THEN format('%%s is empty; expected a kit', %(kit_column)s::text)
        WHEN component IS NULL THEN format('%%s is empty; expected a component', %(component_column)s::text)
        WHEN product_id IS NULL
            THEN format(
                '%%s %%L: %%s %%s; correct it or set the product up',
                %(kit_column)s::text, kit,
                CASE WHEN kit_may_be_id THEN 'no product id, and no product has this' ELSE 'no product has this' END,
                kit_type
            )
        WHEN product_id_to IS NULL
            THEN format(
                '%%s %%L: %%s %%s; correct it or set the product up',
                %(component_column)s::text, component,
                CASE
                    WHEN component_may_be_id THEN 'no product id, and no product has this' ELSE 'no product has this'
                END,
                component_type
            )
        WHEN upper(product_assoc_type_id) <> 'PRODUCT_COMPONENT'
            THEN format(
                '%%s %%L; expected PRODUCT_COMPONENT or nothing. Leave other associations out of the export',
                %(product_assoc_type_id_name)s::text, product_assoc_type_id
            )
        WHEN coalesce(units, 0) <= 0
            THEN format(
                '%%s %%L; expected a number above 0, or nothing for 1. To end a component give a thruDate',
                %(quantity_name)s::text, quantity
            )
        WHEN from_moment IS NULL
            THEN format(
                '%%s %%L; expected a date such as 2026-12-01, or with a time such as 2026-12-01T08:00',
                %(from_date_name)s::text, from_date
            )
        WHEN thru_moment IS NULL
            THEN format(
                '%%s %%L; expected a date such as 2026-12-01, or with a time such as 2026-12-01T08:00',
                %(thru_date_name)s::text, thru_date
            )
        WHEN thru_moment <= from_moment
            THEN format(
                '%%s %%L is not after %%s %%L; expected an end after the beginning. Correct one of them',
                %(thru_date_name)s::text, thru_date, %(from_date_name)s::text, from_date
            )
        WHEN product_id = product_id_to
            THEN format(
                '%%s > %%s: a kit cannot hold itself; expected another product as its component. Correct the row',
                product_id, product_id_to
            )
    END
FROM understood
