"""The service: texts in, answers out. Knows neither tasks nor formats: a runtime encodes, runs, answers."""
