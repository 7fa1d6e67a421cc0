-- The rows of a restock file in the words of restocks. A time without a date is the next such time after the file was
-- made.
-- Reads resolved_row, staged, facility, shopify_shop; writes restock_row.
INSERT INTO restock_row (
    line_number, requested_name, facility_id, shop_id, product_store_id, requested_at, product_id, quantity, is_usable,
    complaint
)
WITH shop_name AS (
    SELECT
        shop_id,
        regexp_replace(lower(written.name), '[[:space:]_-]', '', 'g') AS name
    FROM shopify_shop
    CROSS JOIN LATERAL (
        VALUES (shop_id), (myshopify_domain), (split_part(myshopify_domain, '.', 1))
    ) AS written (name)
),

shop AS (
    SELECT
        name,
        min(shop_id) AS shop_id
    FROM shop_name
    GROUP BY name
    HAVING count(DISTINCT shop_id) = 1
),

only_shop AS (
    SELECT min(shop_id) AS shop_id
    FROM shopify_shop
    HAVING count(*) = 1
),

-- A file names few moments: each is read once.
moment AS MATERIALIZED (
    SELECT
        written.time_written,
        CASE
            WHEN bare.bare_time IS NULL THEN as_moment(written.time_written, %(time_zone)s)
            WHEN today.moment > %(as_of)s THEN today.moment
            ELSE (today.local_date + 1 + bare.bare_time) AT TIME ZONE %(time_zone)s
        END AS requested_at
    FROM (
        SELECT DISTINCT trim(schedule_time) AS time_written FROM staged WHERE trim(schedule_time) <> ''
    ) AS written
    CROSS JOIN LATERAL (
        SELECT
            CASE
                WHEN
                    written.time_written ~* '^[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( ?[ap]m)?$'
                    AND pg_input_is_valid(written.time_written, 'time')
                    THEN written.time_written::time
            END AS bare_time
    ) AS bare
    CROSS JOIN LATERAL (SELECT (%(as_of)s AT TIME ZONE %(time_zone)s)::date AS local_date) AS here
    CROSS JOIN LATERAL (
        SELECT
            here.local_date,
            (here.local_date + bare.bare_time) AT TIME ZONE %(time_zone)s AS moment
    ) AS today
),

understood AS MATERIALIZED (
    SELECT
        resolved_row.line_number,
        resolved_row.product_id,
        resolved_row.facility_id,
        resolved_row.quantity,
        resolved_row.usable,
        nullif(trim(staged.product_store_id), '') AS product_store_id,
        nullif(trim(staged.named_facility), '') AS facility_written,
        nullif(trim(staged.named_shop), '') AS shop_written,
        nullif(trim(staged.schedule_time), '') AS time_written,
        CASE
            WHEN nullif(trim(staged.named_shop), '') IS NULL THEN only_shop.shop_id
            ELSE coalesce(by_id.shop_id, shop.shop_id)
        END AS shop_id,
        coalesce(
            nullif(trim(staged.restock_name), ''),
            'Created ' || to_char(%(as_of)s AT TIME ZONE %(time_zone)s, 'YYYY-MM-DD')
        ) AS restock_name
    FROM resolved_row
    INNER JOIN staged ON resolved_row.staged_at = staged.ctid
    LEFT JOIN shopify_shop AS by_id ON trim(staged.named_shop) = by_id.shop_id
    LEFT JOIN shop
        ON
            regexp_replace(
                lower(regexp_replace(staged.named_shop, '^ *https?://|/ *$', '', 'g')), '[[:space:]_-]', '', 'g'
            ) = shop.name
    LEFT JOIN only_shop ON TRUE
    WHERE staged.malformed IS NULL
),

timed AS (
    SELECT
        understood.*,
        moment.requested_at
    FROM understood
    LEFT JOIN moment ON understood.time_written = moment.time_written
)

SELECT
    line_number,
    restock_name,
    facility_id,
    shop_id,
    product_store_id,
    requested_at,
    product_id,
    quantity,
    usable,
    CASE
        WHEN facility_id IS NULL AND facility_written IS NOT NULL
            THEN format(
                'Facility %%L: %%s; name it by its id or NetSuite location, or set it up',
                facility_written,
                coalesce(
                    (SELECT 'the name of ' || string_agg(same.facility_id, ' and ' ORDER BY same.facility_id)
                    FROM facility AS same
                    WHERE lower(trim(same.facility_name)) = lower(timed.facility_written)),
                    'no facility has this id, NetSuite location or name'
                )
            )
        WHEN shop_id IS NULL
            THEN format(
                'Shopify Store %%s; expected %%s',
                CASE
                    WHEN shop_written IS NULL THEN 'is empty'
                    ELSE format('%%L: no shop, or more than one, is called so', shop_written)
                END,
                coalesce(
                    (SELECT string_agg(format('%%s (%%s)', known.shop_id, known.myshopify_domain), ' or '
                        ORDER BY known.shop_id)
                    FROM shopify_shop AS known),
                    'a shop that is set up in Trueup; there is none'
                )
            )
        WHEN requested_at IS NULL
            THEN format(
                'Schedule Time %%L; expected a date and time such as 2026-11-20T09:00, or a time such as 09:00:00',
                coalesce(time_written, '')
            )
        WHEN requested_at < now()
            THEN format(
                'Schedule Time %%L is %%s, which is in the past; expected a moment to come',
                time_written, to_char(requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
            )
        WHEN quantity <= 0
            THEN format('%%s %%s; expected more than zero', %(quantity_name)s::text, trim_scale(quantity))
    END
FROM timed
