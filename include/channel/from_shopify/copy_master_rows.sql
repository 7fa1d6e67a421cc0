-- The rows of a reset file as CSV. Reads master_row.
COPY (
    SELECT
        facility_id AS "facilityId",
        product_id AS "productId",
        available AS "availableQty"
    FROM master_row
    WHERE is_settled
    ORDER BY facility_id, product_id
) TO STDOUT (FORMAT csv, HEADER TRUE)
