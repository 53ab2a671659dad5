"""Jupyter in the workbench: the password's hash comes from the host; no token is ever made or printed."""

from pathlib import Path

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - Jupyter gives it to its configuration files

c.ServerApp.ip = "0.0.0.0"  # noqa: S104 - compose publishes the port on 127.0.0.1 unless the user says otherwise
c.ServerApp.port = 8888
c.ServerApp.port_retries = 0
c.ServerApp.open_browser = False
c.ServerApp.root_dir = "/workspace"
c.FileContentsManager.preferred_dir = "/workspace/notebooks"
c.IdentityProvider.token = ""
password_hash = Path("/etc/workbench/host/jupyter_password_hash")
c.PasswordIdentityProvider.hashed_password = password_hash.read_text().strip()
c.PasswordIdentityProvider.allow_password_change = False
c.PasswordIdentityProvider.password_required = True
c.ServerApp.tornado_settings = {"ws_ping_timeout": 30000}  # the default, longer than the interval, warns

# Packages come with uv; news and updates are off in /etc/jupyter/labconfig.
c.LabApp.extension_manager = "readonly"
c.LanguageServerManager.autodetect = False
