-- Drafts and their way to a platform (docs/decisions/0034): what somebody typed to publish a product on one account,
-- as it was typed, and what became of it.

CREATE TABLE draft (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  product_id {id} NOT NULL,
  connection_id {id} NOT NULL,
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  category TEXT NOT NULL,
  category_name TEXT NOT NULL,
  condition TEXT NOT NULL,
  brand TEXT NOT NULL,
  plan TEXT NOT NULL,
  price TEXT NOT NULL,
  -- Counts up with each change: who looked at another version has not seen what they would overwrite.
  version {int} NOT NULL,
  created_at {int} NOT NULL,
  updated_at {int} NOT NULL,
  -- Who changed it last.
  actor TEXT NOT NULL,
  UNIQUE (organization_id, id),
  UNIQUE (product_id, connection_id),
  FOREIGN KEY (organization_id, product_id) REFERENCES product (organization_id, id),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);

-- Attributes, units and prices of variants, by the names of their fields.
CREATE TABLE draft_cell (
  draft_id {id} NOT NULL,
  name TEXT NOT NULL,
  place {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  text TEXT NOT NULL,
  PRIMARY KEY (draft_id, name, place),
  FOREIGN KEY (organization_id, draft_id) REFERENCES draft (organization_id, id)
);

-- How far a draft's offer is on its way.
CREATE TABLE publication (
  draft_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  state TEXT NOT NULL,
  -- The house's name of the offer.
  reference TEXT NOT NULL,
  -- When the first try began whose end is not known.
  tried_since {int},
  asked_at {int} NOT NULL,
  -- What went wrong last, where tries go on or were given up.
  problem TEXT,
  error TEXT,
  changed_at {int} NOT NULL,
  FOREIGN KEY (organization_id, draft_id) REFERENCES draft (organization_id, id)
);

-- What a platform has against an offer, or, where a listing is named, against that.
CREATE TABLE publication_objection (
  draft_id {id} NOT NULL,
  external_id TEXT NOT NULL,
  place {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  code TEXT NOT NULL,
  said TEXT NOT NULL,
  remedy TEXT,
  PRIMARY KEY (draft_id, external_id, place),
  FOREIGN KEY (organization_id, draft_id) REFERENCES draft (organization_id, id)
);

-- The listings that an offer became, and where each stands with its platform.
CREATE TABLE publication_listing (
  draft_id {id} NOT NULL,
  external_id TEXT NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- As of listings; empty until it was looked at.
  state TEXT NOT NULL,
  platform_status TEXT NOT NULL,
  -- Whether its units are the house's to tell.
  is_linked {int} NOT NULL CHECK (is_linked IN (0, 1)),
  made_at {int} NOT NULL,
  looked_at {int},
  PRIMARY KEY (draft_id, external_id),
  FOREIGN KEY (organization_id, draft_id) REFERENCES draft (organization_id, id)
);

-- Pictures that a platform has already, by what is in them: no try uploads one twice.
CREATE TABLE uploaded_picture (
  connection_id {id} NOT NULL,
  sha256 {bytes} NOT NULL,
  -- offer, variant.
  made_for TEXT NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  external_id TEXT NOT NULL,
  uploaded_at {int} NOT NULL,
  PRIMARY KEY (connection_id, sha256, made_for),
  FOREIGN KEY (organization_id, connection_id) REFERENCES connection (organization_id, id)
);
