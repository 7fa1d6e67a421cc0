-- What some observations have found, together. Reads inventory_observation.
SELECT
    coalesce(sum(levels), 0)::integer AS levels,
    coalesce(sum(agreed), 0)::integer AS agreed,
    coalesce(sum(rebased), 0)::integer AS rebased,
    coalesce(sum(waiting), 0)::integer AS waiting,
    coalesce(sum(gone), 0)::integer AS gone
FROM inventory_observation
WHERE inventory_observation_id IN (SELECT unnest(%(ids)s::bigint[]))
