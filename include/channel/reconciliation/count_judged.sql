-- Adds what a look has found to its observation; answers levels settled, waiting and gone.
-- Reads judged_level; writes inventory_observation.
WITH found AS (
    SELECT
        count(*)::integer AS levels,
        count(*) FILTER (WHERE outcome = 'AGREED')::integer AS agreed,
        count(*) FILTER (WHERE outcome = 'REBASED')::integer AS rebased,
        count(*) FILTER (WHERE outcome = 'WAITING')::integer AS waiting,
        count(*) FILTER (WHERE outcome = 'QUARANTINED')::integer AS gone
    FROM judged_level
)

UPDATE inventory_observation AS observation
SET
    levels = observation.levels + found.levels,
    agreed = observation.agreed + found.agreed,
    rebased = observation.rebased + found.rebased,
    waiting = observation.waiting + found.waiting,
    gone = observation.gone + found.gone
FROM found
WHERE observation.inventory_observation_id = %(observation_id)s
RETURNING found.agreed + found.rebased, found.waiting, found.gone
