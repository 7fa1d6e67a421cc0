"""Webhooks: subscriptions, what they are told, and deliveries that come late, twice, out of order or never."""
