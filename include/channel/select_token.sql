-- The token that is kept for an app in a shop, sealed, and for how many seconds it is still good.
-- Reads shopify_access_token.
SELECT
    sealed_token,
    extract(EPOCH FROM expires_at - clock_timestamp())::float AS seconds
FROM shopify_access_token
WHERE shop_url = %(shop_url)s AND client_id = %(client_id)s
