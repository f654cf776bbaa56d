-- The catalogue (docs/decisions/0032): what a seller calls one thing, and what is known of its SKUs.
-- A SKU stays what stock and listings refer to; one without a product is as good as before.

CREATE TABLE product (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  title TEXT NOT NULL,
  brand TEXT NOT NULL,
  description TEXT NOT NULL,
  -- One a line, as the list shows them.
  tags TEXT NOT NULL,
  variant_count {int} NOT NULL,
  -- Counts up with each change: who looked at another version has not seen what they would overwrite.
  version {int} NOT NULL,
  archived_at {int},
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  -- Who changed it last.
  actor TEXT NOT NULL,
  UNIQUE (organization_id, id)
);

CREATE INDEX product_archived ON product (organization_id, id) WHERE archived_at IS NOT NULL;
CREATE INDEX product_current ON product (organization_id, id) WHERE archived_at IS NULL;

-- What a product's variants differ in.
CREATE TABLE product_axis (
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  place {int} NOT NULL CHECK (place BETWEEN 1 AND 3),
  name TEXT NOT NULL,
  -- One a line.
  options TEXT NOT NULL,
  PRIMARY KEY (product_id, place),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id)
);

-- Tags as the list is narrowed by them: in small letters without accents.
CREATE TABLE product_tag (
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  tag TEXT NOT NULL,
  PRIMARY KEY (product_id, tag),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id)
);

CREATE INDEX product_tag_list ON product_tag (organization_id, tag, product_id);

-- Words that a product is found by. As bytes: so both engines put what begins alike side by side,
-- whatever language the server sorts by.
CREATE TABLE product_word (
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  word {bytes} NOT NULL,
  PRIMARY KEY (product_id, word),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id)
);

CREATE INDEX product_word_list ON product_word (organization_id, word, product_id);

-- Which SKU is which variant; '' on the axes that the product does not have.
CREATE TABLE product_variant (
  sku_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  place {int} NOT NULL,
  option_1 TEXT NOT NULL,
  option_2 TEXT NOT NULL,
  option_3 TEXT NOT NULL,
  UNIQUE (product_id, option_1, option_2, option_3),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

-- What is known of a SKU beside its stock.
CREATE TABLE sku_fact (
  sku_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  gtin TEXT,
  weight_g {int},
  length_mm {int},
  width_mm {int},
  height_mm {int},
  ncm TEXT,
  origin {int},
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

-- What a piece costs and which taxes its sale bears, from an instant until the next row's.
CREATE TABLE sku_cost (
  sku_id {id} NOT NULL,
  valid_from {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  cost_minor {int},
  currency TEXT NOT NULL,
  tax_basis_points {int},
  actor TEXT NOT NULL,
  PRIMARY KEY (sku_id, valid_from),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);
