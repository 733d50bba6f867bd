DROP TABLE IF EXISTS dutiful_items;

DROP TABLE IF EXISTS dutiful_joins;
