-- What a level shows while Trueup does not decide it says nothing once it does again.
UPDATE inventory_level AS level
SET target = NULL
WHERE
    level.target IS NOT NULL
    AND NOT EXISTS (
        SELECT
        FROM shopify_shop_product AS mapped
        INNER JOIN inventory_channel AS channel ON mapped.shop_id = channel.shop_id
        WHERE
            mapped.shop_id = level.shop_id
            AND mapped.inventory_item_id = level.inventory_item_id
            AND mapped.product_id = level.product_id
            AND channel.location_id = level.location_id
            AND channel.inventory_master = 'OMS'
            AND channel.from_date <= now() AND channel.thru_date > now()
    );
COMMENT ON COLUMN inventory_level.target IS
'What Shopify should show: online ATP of the location. NULL while Trueup does not decide it: the item or its location is
not mapped, Shopify is master there, or computes the number itself. Its position is unknown when that is over.';

-- What Shopify has said of a row, and what only its level's look says.
ALTER TABLE outbox_batch_row DROP CONSTRAINT outbox_batch_row_outcome_check;
UPDATE outbox_batch_row AS batch_row
SET outcome = 'LOOKS_' || batch_row.outcome
FROM outbox_batch AS batch
WHERE
    batch_row.outbox_batch_id = batch.outbox_batch_id
    AND batch.status_id IN ('UNKNOWN', 'SETTLED')
    AND batch_row.outcome IN ('APPLIED', 'NOT_APPLIED');
ALTER TABLE outbox_batch_row ADD CHECK (outcome IN (
    'APPLIED', 'NOT_APPLIED', 'LOOKS_APPLIED', 'LOOKS_NOT_APPLIED', 'OBSERVED', 'QUARANTINED'
));
COMMENT ON COLUMN outbox_batch_row.outcome IS
'APPLIED and NOT_APPLIED: Shopify has said so, or it was never sent. LOOKS_...: its outcome was unknown, and the level
looked like that, or only that explains it; an edit in Shopify could look the same. OBSERVED: it showed something else.
Whatever it says, the position is what Shopify showed.';

CREATE TABLE shopify_access_token (
    shop_url text NOT NULL,
    client_id text NOT NULL,
    sealed_token text NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (shop_url, client_id)
);
COMMENT ON TABLE shopify_access_token IS
'The access tokens that the apps'' ids and secrets were exchanged for, so that tasks share them. Sealed with the secret,
which is not in here. Rows may be deleted at any time: a new token is asked for.';

-- A database from a backup gives the same numbers again, and Shopify lists the operations of both.
ALTER TABLE outbox_file ADD COLUMN mark text NOT NULL DEFAULT '';
ALTER TABLE outbox_file ALTER COLUMN mark SET DEFAULT left(replace(gen_random_uuid()::text, '-', ''), 12);
COMMENT ON COLUMN outbox_file.mark IS
'Part of the name of its operation, by which that is found if its start got no answer.';

-- A look may be held up between its reads and its judgement, while an answer or another look tells something newer.
ALTER TABLE inventory_level ADD COLUMN position_as_of timestamptz;
COMMENT ON COLUMN inventory_level.position_as_of IS
'What the position says was true then or later: the time before the first read of a look, or that of an answer. A look
that began earlier does not count. By the database''s clock.';
