-- Keeps the token of an app in a shop, sealed. Writes shopify_access_token.
INSERT INTO shopify_access_token (shop_url, client_id, sealed_token, expires_at)
VALUES (
    %(shop_url)s, %(client_id)s, %(sealed_token)s, clock_timestamp() + make_interval(secs => %(seconds)s)
)
ON CONFLICT (shop_url, client_id) DO UPDATE
SET sealed_token = excluded.sealed_token, expires_at = excluded.expires_at
