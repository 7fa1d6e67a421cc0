"""Products and variants as far as they show inventory: each inventory item has a variant, each variant a product."""
