-- Which listing gets the last units of a split SKU; none: the one that sells most (docs/decisions/0033).
ALTER TABLE sku_split ADD COLUMN preferred_listing_id {id} REFERENCES listing (id);
