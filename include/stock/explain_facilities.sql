-- Every facility that is, was or will be a member of the channel's group, with the product's stock and rules there.
-- Reads inventory_channel, facility_group_member, facility, inventory_item, product_facility.
SELECT
    facility.facility_id,
    facility.facility_name,
    facility.facility_type_id,
    facility.external_id,
    member.is_member,
    member.from_date,
    member.thru_date,
    item.quantity_on_hand_total,
    item.available_to_promise_total,
    coalesce(rule.minimum_stock, 0),
    coalesce(rule.allow_brokering, TRUE)
FROM (
    SELECT
        period.facility_id,
        bool_or(period.from_date <= now() AND period.thru_date > now()) AS is_member,
        min(period.from_date) FILTER (WHERE period.from_date > now() AND isfinite(period.from_date)) AS from_date,
        max(period.thru_date) FILTER (WHERE period.thru_date <= now() AND isfinite(period.thru_date)) AS thru_date
    FROM facility_group_member AS period
    INNER JOIN inventory_channel AS channel ON period.facility_group_id = channel.facility_group_id
    WHERE channel.inventory_channel_id = %(inventory_channel_id)s
    GROUP BY period.facility_id
) AS member
INNER JOIN facility ON member.facility_id = facility.facility_id
LEFT JOIN inventory_item AS item
    ON facility.facility_id = item.facility_id AND item.product_id = %(product_id)s
LEFT JOIN product_facility AS rule
    ON facility.facility_id = rule.facility_id AND rule.product_id = %(product_id)s
ORDER BY facility.facility_id
