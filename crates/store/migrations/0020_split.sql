-- How the listings of a SKU share its units, where somebody chose (docs/decisions/0033). Without a row here,
-- every listing shows all that is available.
CREATE TABLE sku_split (
  sku_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  -- shared, split, auto.
  mode TEXT NOT NULL,
  -- Of auto: split from so many available units downwards.
  threshold_units {int} NOT NULL CHECK (threshold_units >= 0),
  -- Whether it is split now.
  is_split {int} NOT NULL CHECK (is_split IN (0, 1)),
  -- Counts decisions: two at once wait for each other here.
  turn {int} NOT NULL,
  FOREIGN KEY (organization_id, sku_id) REFERENCES sku (organization_id, id)
);

-- What a listing of a split SKU may at most still sell, and the call or the number that this is being learned from.
CREATE TABLE listing_quota (
  listing_id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  sku_id {id} NOT NULL REFERENCES sku_split (sku_id),
  bound_units {int} NOT NULL,
  is_known {int} NOT NULL CHECK (is_known IN (0, 1)),
  is_loose {int} NOT NULL CHECK (is_loose IN (0, 1)),
  is_lowering {int} NOT NULL CHECK (is_lowering IN (0, 1)),
  -- An unanswered raise, or zero, may be applied until then.
  doubt_until {int},
  stray_until {int},
  -- A call under way, or a number that waits for the orders before it; all empty where there is none.
  probe_began_at {int},
  probe_written_units {int},
  probe_before_units {int},
  probe_shown_at {int},
  probe_shown_units {int},
  probe_sold_units {int},
  probe_given_back_units {int},
  not_before {int} NOT NULL,
  moved_at {int} NOT NULL,
  looked_at {int} NOT NULL,
  FOREIGN KEY (organization_id, listing_id) REFERENCES listing (organization_id, id)
);

CREATE INDEX listing_quota_sku ON listing_quota (sku_id);
