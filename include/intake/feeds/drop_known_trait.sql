-- What is known already need not be written.
-- Reads product_tag, product_feature, product_feature_appl; writes trait_row.
DELETE FROM trait_row
WHERE traits = CASE field
    WHEN 'tags'
        THEN array(
            SELECT known.tag::text
            FROM product_tag AS known
            WHERE known.product_id = trait_row.product_id
            ORDER BY known.tag
        )
    ELSE array(
        SELECT concat(feature.product_feature_type_id, '/', feature.description) COLLATE "C" AS trait
        FROM product_feature_appl AS known
        INNER JOIN product_feature AS feature ON known.product_feature_id = feature.product_feature_id
        WHERE known.product_id = trait_row.product_id AND known.from_date <= now() AND known.thru_date > now()
        ORDER BY trait
    )
END
