-- What the list of orders is narrowed to and searched by (domain::order_list).

-- What the package holds. Empty on an order that an older program takes in meanwhile.
ALTER TABLE orders ADD COLUMN package_kind TEXT;
UPDATE orders SET package_kind = (
  SELECT CASE WHEN COUNT(DISTINCT COALESCE('=' || NULLIF(n.seller_sku, ''),
                                           n.listing_external_id || '/' || n.variation_external_id)) > 1 THEN 'mixed'
              WHEN SUM(n.units) > 1 THEN 'multiple' ELSE 'single' END
  FROM order_line n WHERE n.organization_id = orders.organization_id AND n.order_id = orders.id);

-- Most orders are one unit: the few others have an index, in the order of the list.
CREATE INDEX orders_kind ON orders (organization_id, package_kind, placed_at, id) WHERE package_kind <> 'single';
-- Deadlines matter while an order is open, and few are.
CREATE INDEX orders_open ON orders (organization_id, placed_at, id) WHERE state IN ('to_dispatch', 'needs_attention');

-- Numbers are found by the whole.
CREATE INDEX orders_pack ON orders (organization_id, pack_external_id) WHERE pack_external_id IS NOT NULL;
CREATE INDEX orders_shipment ON orders (organization_id, shipment_external_id) WHERE shipment_external_id IS NOT NULL;
CREATE INDEX orders_tracking ON orders (organization_id, tracking_code) WHERE tracking_code IS NOT NULL;

-- The title in small letters without accents. A shop sells few titles often: the different
-- ones are read from the index, one step each. In three steps: SQLite nests no deeper.
ALTER TABLE order_line ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
UPDATE order_line SET title_key = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
  substr(lower(title), 1, 200),
  'á', 'a'), 'à', 'a'), 'â', 'a'), 'ã', 'a'), 'ä', 'a'), 'Á', 'a'), 'À', 'a'), 'Â', 'a'), 'Ã', 'a'), 'Ä', 'a'),
  'é', 'e'), 'è', 'e'), 'ê', 'e'), 'ë', 'e'), 'É', 'e'), 'È', 'e'), 'Ê', 'e'), 'Ë', 'e');
UPDATE order_line SET title_key = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
  title_key,
  'í', 'i'), 'ì', 'i'), 'î', 'i'), 'ï', 'i'), 'Í', 'i'), 'Ì', 'i'), 'Î', 'i'), 'Ï', 'i'),
  'ó', 'o'), 'ò', 'o'), 'ô', 'o'), 'õ', 'o'), 'ö', 'o'), 'Ó', 'o'), 'Ò', 'o'), 'Ô', 'o'), 'Õ', 'o'), 'Ö', 'o');
UPDATE order_line SET title_key = replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
  title_key,
  'ú', 'u'), 'ù', 'u'), 'û', 'u'), 'ü', 'u'), 'Ú', 'u'), 'Ù', 'u'), 'Û', 'u'), 'Ü', 'u'),
  'ç', 'c'), 'Ç', 'c'),
  'ñ', 'n'), 'Ñ', 'n');
CREATE INDEX order_line_title ON order_line (organization_id, title_key);
-- An order's lines. With the other indexes of an organization's lines alone, SQLite reads all
-- of its lines for those of one order.
CREATE INDEX order_line_order ON order_line (organization_id, order_id, line_number);

-- Filters that members gave a name, in the order of their tabs.
CREATE TABLE order_view (
  id {id} PRIMARY KEY,
  organization_id {id} NOT NULL REFERENCES organization (id),
  member_id {id} NOT NULL,
  name TEXT NOT NULL,
  -- As an address writes it: state=to_dispatch&kind=mixed.
  filter TEXT NOT NULL,
  place {int} NOT NULL,
  created_at {int} NOT NULL,
  UNIQUE (organization_id, member_id, name),
  FOREIGN KEY (organization_id, member_id) REFERENCES member (organization_id, id)
);
