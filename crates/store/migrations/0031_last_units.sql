-- Whether the last units of a SKU go to where it earns most, where no listing was chosen for them.
ALTER TABLE sku_split ADD COLUMN last_by_margin {int} NOT NULL DEFAULT 0;
CREATE INDEX profit_day_sku ON profit_day (sku_id, day);
