"""The HTTP service: texts in, answers out. Knows neither tasks nor formats, only what can encode, run and answer."""
