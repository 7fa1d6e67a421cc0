-- Which shipment each name is about; a shipment that is new and has no id of its own is given one. Where two names for
-- a shipment disagree, there is a complaint.
-- Reads shipment, scheduled_restock; writes shipment_name.
WITH pair AS (
    SELECT
        external_id,
        min(given_shipment_id) AS shipment_id,
        max(given_shipment_id) AS other_shipment_id
    FROM shipment_name
    WHERE external_id IS NOT NULL
    GROUP BY external_id
),

named AS (
    SELECT
        item.first_line,
        item.given_shipment_id,
        item.external_id,
        pair.other_shipment_id,
        by_external.shipment_id AS known_shipment_id,
        coalesce(item.given_shipment_id, by_external.shipment_id, pair.shipment_id) AS shipment_id
    FROM shipment_name AS item
    LEFT JOIN pair ON item.external_id = pair.external_id
    LEFT JOIN shipment AS by_external ON item.external_id = by_external.external_id
),

keyed AS (
    SELECT
        named.*,
        shipment.external_id AS known_external_id,
        shipment.shipment_id IS NOT NULL AS is_known,
        restock.restock_name,
        coalesce('id ' || named.shipment_id, 'external ' || named.external_id) AS shipment_key,
        min(named.external_id) OVER names AS first_external_id,
        max(named.external_id) OVER names AS last_external_id
    FROM named
    LEFT JOIN shipment ON named.shipment_id = shipment.shipment_id
    LEFT JOIN scheduled_restock AS restock ON named.shipment_id = restock.shipment_id
    WINDOW names AS (PARTITION BY coalesce('id ' || named.shipment_id, 'external ' || named.external_id))
),

fresh AS MATERIALIZED (
    SELECT
        shipment_key,
        'TS' || nextval('shipment_id_seq') AS shipment_id
    FROM (
        SELECT shipment_key
        FROM keyed
        WHERE shipment_id IS NULL AND shipment_key IS NOT NULL
        GROUP BY shipment_key
        ORDER BY min(first_line)
    ) AS nameless
)

UPDATE shipment_name
SET
    shipment_id = coalesce(keyed.shipment_id, fresh.shipment_id),
    shipment_key = keyed.shipment_key,
    complaint = CASE
        WHEN keyed.shipment_key IS NULL
            THEN 'external-shipment-id and shipment-id are empty; expected one of them, the same for all items of a'
            || ' shipment'
        WHEN keyed.restock_name IS NOT NULL
            THEN format(
                'shipment-id %%L is the restock %%L; change it there, or give this shipment another id',
                keyed.shipment_id, keyed.restock_name
            )
        WHEN keyed.known_shipment_id <> keyed.shipment_id
            THEN format(
                'external-shipment-id %%L is shipment-id %%L, not %%L; correct one of the two',
                keyed.external_id, keyed.known_shipment_id, keyed.shipment_id
            )
        WHEN keyed.external_id <> keyed.known_external_id
            THEN format(
                'shipment-id %%L is external-shipment-id %%L, not %%L; correct one of the two',
                keyed.shipment_id, keyed.known_external_id, keyed.external_id
            )
        WHEN keyed.known_shipment_id IS NULL AND keyed.other_shipment_id <> keyed.shipment_id
            THEN format(
                'external-shipment-id %%L stands beside the shipment-ids %%L and %%L; expected one',
                keyed.external_id, keyed.shipment_id, keyed.other_shipment_id
            )
        WHEN keyed.known_external_id IS NULL AND keyed.first_external_id <> keyed.last_external_id
            THEN format(
                'shipment-id %%L stands beside the external-shipment-ids %%L and %%L; expected one',
                keyed.shipment_id, keyed.first_external_id, keyed.last_external_id
            )
        WHEN NOT keyed.is_known AND keyed.shipment_id ~ '^TS[0-9]+$'
            THEN format(
                'shipment-id %%L: no such shipment; ids of this form are given by Trueup. Correct it, or name a new'
                ' shipment by its external-shipment-id',
                keyed.shipment_id
            )
    END
FROM keyed
LEFT JOIN fresh ON keyed.shipment_key = fresh.shipment_key
WHERE shipment_name.first_line = keyed.first_line
