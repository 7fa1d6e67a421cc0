-- How each staged row names its product and its facility: here, as it stands in the file. A feed with other ways of
-- naming them has its own. A view that goes with the table staged, at the end of the transaction. Reads staged.
CREATE TEMP VIEW named_row AS
SELECT
    line_number,
    ctid AS staged_at,
    malformed,
    facility_id,
    external_facility_id,
    product_id,
    id_type,
    id_value,
    quantity
FROM staged
