#!/bin/sh
# Makes what the compose file and the Kubernetes manifests want and no repository may hold: certificates of an authority of
# one's own (a year), passwords, and an API key. Needs openssl. Does nothing where the folder is there already.
#   make-secrets.sh FOLDER
set -eu
folder=${1:?usage: make-secrets.sh FOLDER}
if [ -e "$folder" ]; then
  echo "make-secrets: $folder is there already; remove it to make all anew" >&2
  exit 1
fi
# Nobody else may enter the folder; the files in it must be readable to the users of the containers, whatever our umask.
mkdir -p "$folder"
chmod 700 "$folder"
umask 022
mkdir "$folder/tls"
cd "$folder"
nats_password=$(openssl rand -hex 24)
redis_password=$(openssl rand -hex 24)
printf %s "$nats_password" > nats-password
printf 'ENGINE_PASSWORD: "%s"\n' "$nats_password" > nats-password.conf
printf %s "$redis_password" > redis-password
printf 'operator %s\n' "$(openssl rand -hex 24)" > keys
# For the compose file, which reads them as variables.
printf 'NATS_PASSWORD=%s\nREDIS_PASSWORD=%s\n' "$nats_password" "$redis_password" > passwords.env

cd tls
key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
names=DNS:nats-0.nats,DNS:nats-1.nats,DNS:nats-2.nats,DNS:redis,DNS:localhost,IP:127.0.0.1
printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$names" > extensions
# shellcheck disable=SC2086 # the options are words
openssl req -x509 $key -keyout ca.key -out ca.crt -days 365 -subj '/CN=Pulseprint authority' 2>/dev/null
# shellcheck disable=SC2086
openssl req $key -keyout tls.key -out server.csr -subj '/CN=Pulseprint servers' 2>/dev/null
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -extfile extensions -out tls.crt 2>/dev/null
# Nobody can sign with it any more; renewing means making all anew.
rm -f ca.key ca.srl server.csr extensions
chmod 644 tls.key
cd ..
echo "secrets made in $(pwd)"
