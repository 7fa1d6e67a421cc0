-- A product has the features that the file names, and no others now; what is planned for later stays.
-- Reads trait_row, product_feature; writes product_feature_appl.
WITH named AS (
    SELECT
        trait_row.product_id,
        feature.product_feature_id
    FROM trait_row
    CROSS JOIN LATERAL unnest(trait_row.traits) AS each (feature)
    INNER JOIN product_feature AS feature
        ON
            split_part(each.feature, '/', 1) = feature.product_feature_type_id
            AND substr(each.feature, strpos(each.feature, '/') + 1) = feature.description
    WHERE trait_row.field = 'features'
),

removed AS (
    DELETE FROM product_feature_appl AS appl
    WHERE
        appl.product_id IN (SELECT trait_row.product_id FROM trait_row WHERE trait_row.field = 'features')
        AND appl.from_date <= now()
        AND appl.thru_date > now()
        AND NOT EXISTS (
            SELECT
            FROM named
            WHERE named.product_id = appl.product_id AND named.product_feature_id = appl.product_feature_id
        )
)

INSERT INTO product_feature_appl (product_id, product_feature_id)
SELECT
    named.product_id,
    named.product_feature_id
FROM named
WHERE NOT EXISTS (
    SELECT
    FROM product_feature_appl AS known
    WHERE
        known.product_id = named.product_id
        AND known.product_feature_id = named.product_feature_id
        AND known.from_date <= now()
        AND known.thru_date > now()
)
ON CONFLICT (product_id, product_feature_id, from_date) DO UPDATE SET thru_date = 'infinity'
