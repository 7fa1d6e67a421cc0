-- A product of the file that holds components, now or later, is a kit; what it was is remembered. The trigger on
-- product marks it, for what it promises is another number from then on.
-- Reads kit_period, product_assoc; writes product, dirty_product.
UPDATE product SET product_type_id = 'MARKETING_PKG_PICK', former_product_type_id = product_type_id
WHERE
    product_id IN (SELECT kit_period.product_id FROM kit_period)
    AND product_type_id <> 'MARKETING_PKG_PICK'
    AND EXISTS (
        SELECT
        FROM product_assoc
        WHERE
            product_assoc.product_id = product.product_id
            AND product_assoc.product_assoc_type_id = 'PRODUCT_COMPONENT'
            AND product_assoc.thru_date > now()
    )
