-- Features that nobody has named before. Reads trait_row; writes product_feature.
INSERT INTO product_feature (product_feature_id, product_feature_type_id, description)
SELECT DISTINCT
    named.feature,
    split_part(named.feature, '/', 1),
    substr(named.feature, strpos(named.feature, '/') + 1)
FROM trait_row
CROSS JOIN LATERAL unnest(trait_row.traits) AS named (feature)
WHERE trait_row.field = 'features'
ON CONFLICT DO NOTHING
