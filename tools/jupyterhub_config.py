"""JupyterHub for a class on one server: `jupyterhub -f tools/jupyterhub_config.py`, as root, in the course's folder.

Whoever has an account on the server logs in with it. Each learner gets a process of their own, which runs as that user and
begins with `tools/hub_learner.py`: own notebooks, own home, and what `edgelab lab --workshop` has built lent by the course.
"""

import sys
from pathlib import Path

c = get_config()  # noqa: F821  (JupyterHub hands it in)

COURSE = Path(__file__).resolve().parents[1]
PEOPLE, CORES_EACH, MEMORY_EACH = 40, 1, "2.5G"  # see "40 people on one server" in notebooks/INSTRUCTORS.md

c.JupyterHub.bind_url = "http://:8000"  # behind TLS: give ssl_key and ssl_cert, or a proxy that has them
c.Authenticator.allow_existing_users = True
c.Authenticator.allow_all = True  # everybody with an account on this server
c.JupyterHub.active_server_limit = PEOPLE
c.JupyterHub.concurrent_spawn_limit = 4  # a room logs in at once: a few at a time begin

c.Spawner.cmd = [sys.executable, str(COURSE / "tools" / "hub_learner.py")]
c.Spawner.environment = {"OMP_NUM_THREADS": str(CORES_EACH)}  # else every kernel takes every core, and all wait
c.Spawner.mem_limit = MEMORY_EACH  # kept by spawners that can, such as jupyterhub-systemdspawner
c.Spawner.start_timeout = 120
