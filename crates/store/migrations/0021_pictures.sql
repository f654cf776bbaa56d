-- Pictures of products (docs/decisions/0035), each made anew from what was handed in. In the database, so that
-- every node shows them and every backup holds them.
CREATE TABLE product_picture (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  -- Its place among the product's pictures; the first one is what lists show.
  place {int} NOT NULL CHECK (place >= 1),
  -- The variant that it shows; empty where it shows them all.
  sku_id {id},
  -- Of the file, so that the same one is not kept twice.
  sha256 {bytes} NOT NULL,
  width_px {int} NOT NULL CHECK (width_px >= 1),
  height_px {int} NOT NULL CHECK (height_px >= 1),
  created_at {int} NOT NULL,
  actor TEXT NOT NULL,
  -- Large values last: what stands before them is read without them.
  thumb {bytes} NOT NULL,
  bytes {bytes} NOT NULL,
  UNIQUE (product_id, sha256),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id),
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

CREATE INDEX product_picture_list ON product_picture (product_id, place);
