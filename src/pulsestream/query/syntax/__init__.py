"""How the query language is written: words, conditions, values; and how it is printed. `query.language` is its door."""
