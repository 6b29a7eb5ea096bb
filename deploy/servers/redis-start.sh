#!/bin/sh
# Starts redis-server with the users of users.acl beside this file, and the engine's password from a file, which may
# end with a newline. Further arguments are settings of Redis and win over redis.conf.
#   REDIS_PASSWORD_FILE  the password of the user pulseprint
#   REDIS_DATA           folder of the AOF; default /data
#   REDIS_SERVER         the program; default redis-server
#   REDIS_USERS_FILE     where the users with the hash of the password go, in memory best; default /run/redis/users.acl
set -eu
here=$(dirname "$0")
users=${REDIS_USERS_FILE:-/run/redis/users.acl}
password=$(cat "$REDIS_PASSWORD_FILE")
if [ "${#password}" -lt 16 ]; then
  echo "redis-start: the password in $REDIS_PASSWORD_FILE must have 16 characters or more" >&2
  exit 1
fi
hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
umask 077
sed "s/PASSWORD_SHA256/$hash/" "$here/users.acl" > "$users"
exec "${REDIS_SERVER:-redis-server}" "$here/redis.conf" --dir "${REDIS_DATA:-/data}" --aclfile "$users" "$@"
