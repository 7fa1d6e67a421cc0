-- Rows that would make a kit hold itself. Writes kit_row.
UPDATE kit_row
SET complaint = format(
    '%%s: the kit would hold itself; expected components that do not hold it. Correct the row, or end another part of'
    ' the chain with a thruDate first', found.chain
)
FROM unnest(%(lines)s::bigint[], %(chains)s::text[]) AS found (line_number, chain)
WHERE kit_row.line_number = found.line_number
