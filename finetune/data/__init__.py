"""From files to Arrow tables: reading, columns, labels, splits, tokens. Knows nothing of models or tasks."""
