-- Takes each row apart into its tags and its features; an empty cell says that there are none.
-- Reads resolved_row, staged; writes trait_row.
INSERT INTO trait_row (line_number, product_id, field, traits)
SELECT
    resolved_row.line_number,
    resolved_row.product_id,
    cell.field,
    array(
        SELECT DISTINCT trait.name
        FROM string_to_table(cell.written, cell.delimiter) AS part (written)
        CROSS JOIN LATERAL (
            SELECT
                CASE
                    WHEN cell.field = 'tags' THEN trim(part.written)
                    ELSE
                        trim(split_part(part.written, '/', 1)) || '/'
                        || trim(substr(part.written, strpos(part.written, '/') + 1))
                END COLLATE "C" AS name
        ) AS trait
        WHERE trim(part.written) <> ''
        ORDER BY trait.name
    )
FROM resolved_row
INNER JOIN staged ON resolved_row.staged_at = staged.ctid
CROSS JOIN LATERAL (
    VALUES
    ('tags', ',', staged.tags, %(has_tags)s),
    ('features', '|', staged.features, %(has_features)s)
) AS cell (field, delimiter, written, is_there)
WHERE resolved_row.usable AND cell.is_there
