-- Lists that stay as quick in a shop of half a million listings.

-- Whoever changes what a listing shows, or what its SKU has, marks the row it writes. What is marked may differ;
-- what is not does not. Marks are taken off by and by, from what was found right.
ALTER TABLE listing ADD COLUMN unsure {int} NOT NULL DEFAULT 1;
ALTER TABLE sku ADD COLUMN unsure {int} NOT NULL DEFAULT 1;
CREATE INDEX listing_unsure ON listing (organization_id, id) WHERE unsure = 1;
CREATE INDEX sku_unsure ON sku (organization_id, id) WHERE unsure = 1;

CREATE INDEX listing_unlinked ON listing (organization_id, id) WHERE sku_id IS NULL;
CREATE INDEX sku_out ON sku (organization_id, code)
  WHERE is_kit = 0 AND on_hand_units - reserved_units - safety_units <= 0;
CREATE INDEX sku_oversold ON sku (organization_id, code) WHERE reserved_units > on_hand_units;
CREATE INDEX sku_kit ON sku (organization_id, code) WHERE is_kit = 1;

-- Words that a SKU or a listing is found by, as product_word. Rows of before have none yet.
ALTER TABLE listing ADD COLUMN has_words {int} NOT NULL DEFAULT 0;
ALTER TABLE sku ADD COLUMN has_words {int} NOT NULL DEFAULT 0;
CREATE INDEX listing_without_words ON listing (organization_id, id) WHERE has_words = 0;
CREATE INDEX sku_without_words ON sku (organization_id, id) WHERE has_words = 0;

CREATE TABLE sku_word (
  organization_id {id} NOT NULL REFERENCES organization (id),
  sku_id {id} NOT NULL,
  word {bytes} NOT NULL,
  PRIMARY KEY (sku_id, word),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

CREATE INDEX sku_word_list ON sku_word (organization_id, word, sku_id);

CREATE TABLE listing_word (
  organization_id {id} NOT NULL REFERENCES organization (id),
  listing_id {id} NOT NULL,
  word {bytes} NOT NULL,
  PRIMARY KEY (listing_id, word),
  FOREIGN KEY (organization_id, listing_id) REFERENCES listing (organization_id, id)
);

CREATE INDEX listing_word_list ON listing_word (organization_id, word, listing_id);
