-- Proposals for listings without a SKU (docs/decisions/0042).

-- SKUs are looked up by their bar code, and by their code without its marks, which becomes one of their words: those
-- of before get it by and by.
CREATE INDEX sku_fact_gtin ON sku_fact (organization_id, gtin) WHERE gtin IS NOT NULL;
UPDATE sku SET has_words = 0;
