-- A facility may be named by its id, its NetSuite location, or its name if no other has it. A view that goes with the
-- table staged. Reads staged, facility.
CREATE TEMP VIEW named_row AS
SELECT
    line.line_number,
    line.ctid AS staged_at,
    line.malformed,
    coalesce(
        by_code.facility_id, by_external.facility_id, by_name.facility_id, nullif(trim(line.named_facility), '')
    ) AS facility_id,
    line.external_facility_id,
    line.product_id,
    line.id_type,
    line.id_value,
    line.quantity
FROM staged AS line
LEFT JOIN facility AS by_code ON trim(line.named_facility) = by_code.facility_id
LEFT JOIN facility AS by_external ON trim(line.named_facility) = by_external.external_id
LEFT JOIN (
    SELECT
        lower(trim(facility_name)) AS facility_name,
        min(facility_id) AS facility_id
    FROM facility
    WHERE facility_type_id IN ('WAREHOUSE', 'RETAIL_STORE')
    GROUP BY lower(trim(facility_name))
    HAVING count(*) = 1
) AS by_name ON lower(trim(line.named_facility)) = by_name.facility_name
