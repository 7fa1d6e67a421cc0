-- When something takes effect of which we hear only now.
CREATE FUNCTION heard_at() RETURNS timestamptz LANGUAGE sql STABLE AS $$
SELECT greatest(now(), (SELECT max(snapshot.as_of) FROM inventory_snapshot AS snapshot) + interval '1 microsecond')
$$;
COMMENT ON FUNCTION heard_at IS
'The present, and later than all snapshots that were applied: none of them can know of what we hear of only now, also
where the clock of who took them is ahead of ours.';
