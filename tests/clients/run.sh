#!/usr/bin/env bash
# Runs unmodified third-party clients against the sandbox: tests/clients/run.sh PATH_TO_LOJISTA [PART_OF_A_SCRIPT_NAME]
# Installs them into a temporary folder, ends what it started, and closes with "N passed, N failed".
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ] || [ ! -x "$1" ]; then
    echo "usage: $0 PATH_TO_LOJISTA [PART_OF_A_SCRIPT_NAME] (as in $0 target/debug/lojista shopee)" >&2
    exit 2
fi
lojista=$(realpath "$1")
only=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
started=()
trap 'for id in "${started[@]:-}"; do [ -z "$id" ] || kill "$id" 2>/dev/null || true; done; rm -rf "$work"' EXIT

# Waits up to ten seconds for a file that something started writes once it is ready.
wait_for() {
    for _ in $(seq 100); do
        [ -s "$1" ] && return
        sleep 0.1
    done
    echo "$2 did not become ready" >&2
    exit 1
}

# A world of its own for each client: sandbox, gateway, and the addresses of both.
open_world() {
    rm -f "$work/manifest.json" "$work/gateway.port"
    "$lojista" sandbox --base-port 0 --manifest "$work/manifest.json" >"$work/sandbox.log" 2>&1 &
    sandbox=$!
    started+=("$sandbox")
    wait_for "$work/manifest.json" "the sandbox"
    python3 "$here/gateway.py" "$work/gateway.crt" "$work/gateway.key" "$work/manifest.json" "$work/gateway.port" \
        2>>"$work/gateway.log" &
    gateway=$!
    started+=("$gateway")
    wait_for "$work/gateway.port" "the gateway"
}

close_world() {
    kill "$sandbox" "$gateway" 2>/dev/null || true
    wait "$sandbox" "$gateway" 2>/dev/null || true
    started=()
}

# What a client finds around it: the world it talks to, and the way to the hosts that it has built in.
surroundings() {
    export SANDBOX_MANIFEST="$work/manifest.json" SANDBOX_SCRATCH="$work" LOJISTA_PROGRAM="$lojista"
    export HTTPS_PROXY NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
    HTTPS_PROXY="http://127.0.0.1:$(cat "$work/gateway.port")"
    export REQUESTS_CA_BUNDLE="$work/gateway.crt" SSL_CERT_FILE="$work/gateway.crt" NODE_EXTRA_CA_CERTS="$work/gateway.crt"
    export AUTHLIB_INSECURE_TRANSPORT=1 PYTHONDONTWRITEBYTECODE=1
}

# python SCRIPT PACKAGE==VERSION…
python() {
    local script=$1 place="$work/py/$1"
    [[ $script == *"$only"* ]] || return 0
    shift
    python3 -m pip install --quiet --disable-pip-version-check --no-warn-conflicts \
        --root-user-action ignore --target "$place" "$@"
    # Some ask no setting whom to trust, only the list that was installed with them.
    [ ! -e "$place/certifi/cacert.pem" ] || cat "$work/gateway.crt" >>"$place/certifi/cacert.pem"
    open_world
    (surroundings && PYTHONPATH="$place:$here" python3 "$here/$script" 2>"$work/client.err") |
        tee -a "$work/lines" || report "$script"
    close_world
}

# node SCRIPT PACKAGE@VERSION…
node_client() {
    local script=$1 place="$work/js/$1"
    [[ $script == *"$only"* ]] || return 0
    shift
    mkdir -p "$place"
    npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$place" "$@" >/dev/null 2>&1
    open_world
    (surroundings && NODE_PATH="$place/node_modules" node --no-deprecation "$here/$script" 2>"$work/client.err") |
        tee -a "$work/lines" || report "$script"
    close_world
}

# A script that failed without a step that failed has to count, too.
report() {
    sed 's/^/     /' "$work/client.err" >&2
    grep -q '^FAIL' "$work/lines" || echo "FAIL $1: ended early" | tee -a "$work/lines"
}

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=sandbox gateway" \
    -addext "subjectAltName=$(python3 "$here/gateway.py")" \
    -keyout "$work/gateway.key" -out "$work/gateway.crt" 2>/dev/null
touch "$work/lines"

python melisdk_client.py melisdk==0.1.3 requests==2.32.3
python mercadolibre_python.py mercadolibre-python==0.2.2 requests==2.32.3
python mercadolibre_wrapper.py mercadolibre-wrapper==0.2 requests==2.32.3
python authlib_pkce.py Authlib==1.3.2 requests==2.32.3
node_client nodejs_sdk.cjs mercadolibre-nodejs-sdk@3.0.1
node_client mercadolibre_node.cjs mercadolibre@0.0.13

node_client shopee_sdk.cjs @congminh1254/shopee-sdk@2.7.0
node_client shopee_open_api.cjs shopee-open-api@1.0.5 axios@0.21.4
python pyshopee_client.py pyshopee==1.4.0 requests==2.32.3 selenium==3.141.0

python tiktok_shop_api_client.py tiktok-shop-api==0.1.0 httpx==0.27.2 attrs==25.3.0
python tiktok_shop_mcp_client.py tiktok-shop-mcp==0.3.0 httpx==0.27.2
node_client tiktok_shop_sdk.cjs tiktok-shop-sdk@1.0.3 undici@6.21.3
node_client tiktok_shop_sign.cjs tiktok-shop@2.0.0 axios@1.7.9 undici@6.21.3

node_client identity_openid_client.cjs openid-client@5.7.1
node_client identity_oidc_provider.cjs oidc-provider@8.8.1
python s3_boto3.py boto3==1.44.5

passed=$(grep -c '^ok' "$work/lines" || true)
failed=$(grep -c '^FAIL' "$work/lines" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
