#!/usr/bin/env bash
# Backup, drill and restore of a real shop through an S3 server that others wrote (moto):
# tests/clients/s3_server.sh PATH_TO_LOJISTA
# Installs it into a temporary folder, ends what it started, and closes with "N passed, N failed".
set -euo pipefail

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: $0 PATH_TO_LOJISTA (as in $0 target/debug/lojista)" >&2
    exit 2
fi
lojista=$(realpath "$1")
work=$(mktemp -d)
started=()
trap 'for id in "${started[@]:-}"; do [ -z "$id" ] || kill "$id" 2>/dev/null || true; done; rm -rf "$work"' EXIT
cd "$work"
passed=0 failed=0

# step NAME COMMAND…
step() {
    local name=$1
    shift
    if "$@" >out.log 2>err.log; then
        passed=$((passed + 1))
        echo "ok   moto: $name"
    else
        failed=$((failed + 1))
        echo "FAIL moto: $name: $(tail -n 1 err.log)"
    fi
}

# refused NAME WORDS COMMAND…
refused() {
    local name=$1 words=$2
    shift 2
    if ! "$@" >out.log 2>&1 && grep -q "$words" out.log; then
        passed=$((passed + 1))
        echo "ok   moto: $name"
    else
        failed=$((failed + 1))
        echo "FAIL moto: $name: $(tail -n 1 out.log)"
    fi
}

python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[s3,server]==5.2.*' 'boto3==1.*'

# A shop with something in it; the demo says when it is ready.
"$lojista" demo --data shop --listen 127.0.0.1:0 --orders-per-minute 0 --json >ready.json 2>demo.log &
demo=$!
started+=("$demo")
for _ in $(seq 300); do [ -s ready.json ] && break; sleep 0.1; done
kill "$demo"
wait "$demo" 2>/dev/null || true

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/moto_server -H 127.0.0.1 -p "$port" >moto.log 2>&1 &
started+=("$!")
for _ in $(seq 100); do grep -q "Running on" moto.log && break; sleep 0.1; done
key=$(venv/bin/python - "http://127.0.0.1:$port" <<'PYTHON'
import json
import sys
import boto3
said = {"endpoint_url": sys.argv[1], "region_name": "sa-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
boto3.client("s3", **said).create_bucket(Bucket="casa-backups", CreateBucketConfiguration={"LocationConstraint": "sa-east-1"})
iam = boto3.client("iam", **said)
iam.create_user(UserName="lojista")
own = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::casa-backups/*"}
whole = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::*"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [own, whole]})
iam.put_user_policy(UserName="lojista", PolicyName="backups", PolicyDocument=policy)
made = iam.create_access_key(UserName="lojista")["AccessKey"]
# From here on signatures and policies are checked.
import urllib.request
said = {"content-type": "text/plain"}
urllib.request.urlopen(urllib.request.Request(sys.argv[1] + "/moto-api/reset-auth", data=b"0", headers=said))
print(made["AccessKeyId"], made["SecretAccessKey"])
PYTHON
)
export LOJISTA_BACKUP_S3_ENDPOINT=http://127.0.0.1:$port LOJISTA_BACKUP_S3_BUCKET=casa-backups
export LOJISTA_BACKUP_S3_PREFIX=lojista/casa LOJISTA_BACKUP_S3_REGION=sa-east-1
export LOJISTA_BACKUP_S3_ACCESS_KEY_ID=${key% *}
printf '%s\n' "${key#* }" >secret
export LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY_FILE=$work/secret

step "doctor writes, lists, reads and deletes" bash -c "'$lojista' doctor --data shop --json | grep -q 'written, listed, read and deleted'"
step "a first backup" "$lojista" backup --data shop --json
step "a second one, on top of it" "$lojista" backup --data shop --json
step "a drill" "$lojista" restore-drill --data shop --json
mkdir new
cp shop/keys new/keys
step "a restore where there is nothing but the settings and the key file" "$lojista" restore --into new --json
step "what came back takes a backup of its own" "$lojista" backup --data new --json
refused "a bucket that is not there" "no bucket nobodys-backups" env LOJISTA_BACKUP_S3_BUCKET=nobodys-backups "$lojista" backup --data shop
printf 'wrong\n' >wrong
refused "a wrong secret" "the secret is not the one" env LOJISTA_BACKUP_S3_SECRET_ACCESS_KEY_FILE="$work/wrong" "$lojista" backup --data shop
refused "an unknown key" "does not know the access key" env LOJISTA_BACKUP_S3_ACCESS_KEY_ID=AKIAUNKNOWN "$lojista" backup --data shop

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
