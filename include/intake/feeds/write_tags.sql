-- A product has the tags that the file names, and no others. Reads trait_row; writes product_tag.
WITH removed AS (
    DELETE FROM product_tag
    USING trait_row
    WHERE
        trait_row.field = 'tags'
        AND product_tag.product_id = trait_row.product_id
        AND product_tag.tag <> all(trait_row.traits)
)

INSERT INTO product_tag (product_id, tag)
SELECT
    trait_row.product_id,
    named.tag
FROM trait_row
CROSS JOIN LATERAL unnest(trait_row.traits) AS named (tag)
WHERE trait_row.field = 'tags'
ON CONFLICT DO NOTHING
