-- What somebody says of a value is what it would be without rules, unless somebody has said something newer. Only
-- values that rules have changed have a row; of the others, product_facility is the base.
-- Reads product_value, newer_value; writes product_facility_base.
UPDATE product_facility_base AS base
SET value = said.value
FROM product_value AS said
WHERE
    base.product_id = said.product_id
    AND base.facility_id = said.facility_id
    AND base.field = said.field
    AND base.value <> said.value
    AND NOT EXISTS (
        SELECT
        FROM newer_value AS newer
        WHERE
            newer.product_id = said.product_id
            AND newer.facility_id = said.facility_id
            AND newer.field = said.field
            AND NOT newer.is_of_rules
    )
