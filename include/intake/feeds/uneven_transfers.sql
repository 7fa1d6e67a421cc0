-- Transfers whose legs do not add up to zero, by the number in the comment and the product as the file names it.
-- Reads staged.
SELECT
    CASE
        WHEN strpos(comments, '#') > 0
            THEN nullif(split_part(ltrim(substr(comments, strpos(comments, '#') + 1), ' '), ' ', 1), '')
    END AS transfer,
    coalesce(product_id, id_value) AS product,
    trim_scale(sum(as_quantity(quantity))) AS total
FROM staged
WHERE malformed IS NULL
GROUP BY transfer, product
HAVING sum(as_quantity(quantity)) <> 0
ORDER BY transfer, product
