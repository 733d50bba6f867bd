DROP TABLE IF EXISTS dutiful_moves;
