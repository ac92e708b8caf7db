#!/bin/sh
# Redis with a password that shows in no list of processes, and a queue that survives a restart.
set -eu
exec redis-server - <<CONFIG
requirepass ${REDISCLI_AUTH:?is not set}
port ${REDIS_PORT:-6379}
dir ${REDIS_FOLDER:-/data}
appendonly yes
appendfsync everysec
# A broker that drops messages when it is full loses tasks; one that refuses them is noticed.
maxmemory-policy noeviction
CONFIG
