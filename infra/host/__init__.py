"""The Docker host: one machine that reads films and trains models, in a network of its own.

==============  =====================================================================
``network``     where the host lives, and what it reaches
``images``      the two images that it runs
``machine``     the machine, and what it does when it starts
``rights``      what it may do
``training``    the job that trains a model
``alarms``      what somebody has to look at
``files/``      what is put on the machine: scripts, units of systemd
==============  =====================================================================
"""
