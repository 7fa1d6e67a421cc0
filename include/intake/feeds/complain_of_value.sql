-- What stands in a cell must be a number from zero up, or Y or N; both spellings of the minimum must agree.
-- Reads staged; writes resolved_row.
UPDATE resolved_row
SET complaint = found.complaint
FROM staged
CROSS JOIN LATERAL (
    SELECT
        nullif(trim(staged.facility_safety_stock), '') AS safety_stock,
        nullif(trim(staged.minimum_stock), '') AS minimum_stock,
        nullif(trim(staged.reorder_quantity), '') AS reorder_quantity,
        nullif(trim(staged.allow_brokering), '') AS allow_brokering,
        nullif(trim(staged.allow_pickup), '') AS allow_pickup
) AS cell
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN cell.safety_stock IS NOT NULL AND coalesce(as_quantity(cell.safety_stock), -1) < 0
            THEN format(
                '%%s %%L; expected a number from 0 up, such as 2, or nothing to leave it as it is',
                %(facility_safety_stock_name)s::text, cell.safety_stock
            )
        WHEN cell.minimum_stock IS NOT NULL AND coalesce(as_quantity(cell.minimum_stock), -1) < 0
            THEN format(
                '%%s %%L; expected a number from 0 up, such as 2, or nothing to leave it as it is',
                %(minimum_stock_name)s::text, cell.minimum_stock
            )
        WHEN as_quantity(cell.safety_stock) <> as_quantity(cell.minimum_stock)
            THEN format(
                '%%s %%L and %%s %%L: they mean the same; expected one number. Empty one of the two cells',
                %(facility_safety_stock_name)s::text, cell.safety_stock,
                %(minimum_stock_name)s::text, cell.minimum_stock
            )
        WHEN cell.reorder_quantity IS NOT NULL AND coalesce(as_quantity(cell.reorder_quantity), -1) < 0
            THEN format(
                '%%s %%L; expected a number from 0 up, such as 20, or nothing to leave it as it is',
                %(reorder_quantity_name)s::text, cell.reorder_quantity
            )
        WHEN cell.allow_brokering IS NOT NULL AND as_flag(cell.allow_brokering) IS NULL
            THEN format(
                '%%s %%L; expected Y or N, or nothing to leave it as it is',
                %(allow_brokering_name)s::text, cell.allow_brokering
            )
        WHEN cell.allow_pickup IS NOT NULL AND as_flag(cell.allow_pickup) IS NULL
            THEN format(
                '%%s %%L; expected Y or N, or nothing to leave it as it is',
                %(allow_pickup_name)s::text, cell.allow_pickup
            )
    END AS complaint
) AS found
WHERE resolved_row.staged_at = staged.ctid AND found.complaint IS NOT NULL
