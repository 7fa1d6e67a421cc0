-- Sending: rows that keep moving, plans that wait for approval, reasons, checks before the first write, and files.
ALTER TABLE inventory_level
ADD COLUMN moves_until timestamptz,
ADD COLUMN checked_at timestamptz,
ADD COLUMN quarantined_at timestamptz,
ADD COLUMN quarantine_tries integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN inventory_level.moves_until IS
'It moved while a batch was on its way. Until then it travels in batches of rows that do so, and holds up no other.';
COMMENT ON COLUMN inventory_level.checked_at IS
'When Shopify last said that the item exists, is tracked and is stocked at the location. Asked again after a day.';
COMMENT ON COLUMN inventory_level.quarantine_tries IS
'How often it went into quarantine; each time it stays there twice as long before Shopify is asked again.';

CREATE INDEX inventory_level_quarantined ON inventory_level (shop_id, quarantined_at)
WHERE quarantine_reason IS NOT NULL;

CREATE FUNCTION stamp_quarantine() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    new.quarantined_at := CASE WHEN new.quarantine_reason IS NOT NULL THEN now() END;
    new.quarantine_tries := old.quarantine_tries + (new.quarantine_reason IS NOT NULL)::integer;
    RETURN new;
END
$$;
CREATE TRIGGER stamp_quarantine BEFORE UPDATE OF quarantine_reason ON inventory_level
FOR EACH ROW WHEN (old.quarantine_reason IS DISTINCT FROM new.quarantine_reason)
EXECUTE FUNCTION stamp_quarantine();

COMMENT ON COLUMN outbox_batch.replaces_batch_id IS
'The batch that was refused and whose deltas this one carries, all of them or some.';

ALTER TABLE shopify_shop ADD COLUMN activate_items boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN shopify_shop.activate_items IS
'Whether Trueup stocks an item at a location by itself before it first writes there. If not, the row is put aside.';

-- Refused rows that are good travel on in a new batch, in the same transaction.
CREATE INDEX ON outbox_batch (replaces_batch_id) WHERE replaces_batch_id IS NOT NULL;
