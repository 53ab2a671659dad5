"""The host side of the workbench: looks at the host, decides, explains, starts."""
