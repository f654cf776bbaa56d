-- The flash-sale shield (docs/decisions/0040): what a shared listing keeps back while news of sales elsewhere is on
-- its way, and how long news takes.

-- Means, in milliseconds: from a sale to its order being taken in, and from a wish to a confirmed write. Empty while
-- nothing was measured.
ALTER TABLE connection ADD COLUMN news_delay_ms {int};
ALTER TABLE connection ADD COLUMN write_delay_ms {int};
-- Units held back now, and since when any are.
ALTER TABLE listing ADD COLUMN held_units {int} NOT NULL DEFAULT 0;
ALTER TABLE listing ADD COLUMN held_since {int};
-- How much may be held back: half, full, off. Without a row, half.
ALTER TABLE sku_split ADD COLUMN shield TEXT NOT NULL DEFAULT 'half';

-- Each change of what a listing held back, and why: so many units were sold elsewhere within so long, and news of
-- them took so long.
CREATE TABLE hold_back (
  listing_id {id} NOT NULL,
  at {int} NOT NULL,
  organization_id {id} NOT NULL REFERENCES organization (id),
  units {int} NOT NULL CHECK (units >= 0),
  sold_units {int} NOT NULL,
  over_ms {int} NOT NULL,
  delay_ms {int} NOT NULL,
  PRIMARY KEY (listing_id, at),
  FOREIGN KEY (organization_id, listing_id) REFERENCES listing (organization_id, id)
);
