-- Lays the file's periods over what an older file has said: a newer word holds from its beginning, so what was said of
-- that time before is over, and what began earlier ends there. Reads kit_row, product_assoc; writes kit_period.
INSERT INTO kit_period (product_id, product_id_to, quantity, from_date, thru_date, line_number, is_over)
WITH
spoken AS (
    SELECT * FROM kit_row
    WHERE complaint IS NULL AND NOT superseded
),

stored AS (
    SELECT
        assoc.*,
        (assoc.as_of, assoc.file_modified_at, assoc.file_name)
        <= (%(as_of)s, %(file_modified_at)s, %(file_name)s::text) AS is_older
    FROM product_assoc AS assoc
    WHERE
        assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
        AND (assoc.product_id, assoc.product_id_to) IN (SELECT product_id, product_id_to FROM spoken)
),

beginning AS (
    SELECT
        product_id,
        product_id_to,
        from_date
    FROM spoken
    UNION ALL
    SELECT
        product_id,
        product_id_to,
        from_date
    FROM stored
    WHERE NOT is_older
)

SELECT
    spoken.product_id,
    spoken.product_id_to,
    spoken.quantity,
    spoken.from_date,
    least(spoken.thru_date, min(beginning.from_date)),
    spoken.line_number,
    FALSE
FROM spoken
LEFT JOIN beginning
    ON
        spoken.product_id = beginning.product_id AND spoken.product_id_to = beginning.product_id_to
        AND spoken.from_date < beginning.from_date
GROUP BY
    spoken.product_id, spoken.product_id_to, spoken.quantity, spoken.from_date, spoken.thru_date, spoken.line_number
UNION ALL
SELECT
    stored.product_id,
    stored.product_id_to,
    stored.quantity,
    stored.from_date,
    least(stored.thru_date, min(spoken.from_date) FILTER (WHERE spoken.from_date > stored.from_date)),
    NULL,
    bool_or(spoken.from_date < stored.from_date)
FROM stored
INNER JOIN spoken ON stored.product_id = spoken.product_id AND stored.product_id_to = spoken.product_id_to
WHERE stored.is_older
GROUP BY stored.product_id, stored.product_id_to, stored.quantity, stored.from_date, stored.thru_date
HAVING bool_and(stored.from_date <> spoken.from_date)
