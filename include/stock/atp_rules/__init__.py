"""Rules that set thresholds, safety stock, brokering and pickup by product tags and features, facilities and groups."""
