-- The stock as it stood at a moment, and how fast it sells.

CREATE INDEX ledger_moment ON ledger (sku_id, at, version);
CREATE INDEX outbox_told ON outbox (listing_id, told_at) WHERE told_at IS NOT NULL;
