"""Stands in for the marketplaces' own hosts, for clients that have them built in.

A proxy on loopback: it takes CONNECT for the hosts below, speaks TLS with a certificate made for this run, and hands
everything on to the sandbox of that marketplace. Clients are sent here by HTTPS_PROXY alone; one that asks its proxy
for the whole address in place of a tunnel is answered as well. Any other host is refused.

usage: gateway.py CERTIFICATE KEY SANDBOX_MANIFEST PORT_FILE
       gateway.py            (prints the hosts as a certificate names them)
"""

import json
import os
import shutil
import socket
import ssl
import sys
import threading
from urllib.parse import urlsplit

# Where in the manifest the address stands that answers for these hosts.
HOSTS = {
    (): ["api.mercadolibre.com", "auth.mercadolivre.com.br"],
    ("shopee",): ["partner.shopeemobile.com", "openplatform.shopee.com.br", "open.shopee.com", "open.shopee.com.br"],
    ("tiktok_shop",): ["open-api.tiktokglobalshop.com", "auth.tiktok-shops.com", "services.tiktokshop.com"],
}
HEAD_MAX_BYTES = 16 * 1024


def ports(manifest_file):
    """The port of the sandbox that answers for each host."""
    with open(manifest_file, encoding="utf-8") as file:
        manifest = json.load(file)
    found = {}
    for place, hosts in HOSTS.items():
        section = manifest
        for name in place:
            section = section[name]
        found |= dict.fromkeys(hosts, urlsplit(section["api_url"]).port)
    return found


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD_MAX_BYTES:
        part = connection.recv(4096)
        if not part:
            break
        head += part
    return head


def pump(source, sink):
    try:
        while part := source.recv(65536):
            sink.sendall(part)
    except OSError:
        pass
    finally:
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def exchange(client, port, already_read=b""):
    with socket.create_connection(("127.0.0.1", port)) as sandbox:
        sandbox.sendall(already_read)
        back = threading.Thread(target=pump, args=(sandbox, client), daemon=True)
        back.start()
        pump(client, sandbox)
        back.join()


def serve(connection, context, port_of):
    with connection:
        head = read_head(connection)
        words = head.decode("latin-1").split(" ", 2)
        method, target = words[:2] if len(words) > 2 else ("", "")
        whole = urlsplit(target)
        host = target.partition(":")[0] if method == "CONNECT" else whole.hostname
        if host not in port_of:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            return
        if method != "CONNECT":
            path = whole._replace(scheme="", netloc="").geturl()
            exchange(connection, port_of[host], head.replace(target.encode("latin-1"), path.encode("latin-1"), 1))
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            secure = context.wrap_socket(connection, server_side=True)
        except OSError as error:
            print(f"gateway: {host}: {error}", file=sys.stderr)
            return
        with secure:
            exchange(secure, port_of[host])


def main():
    if len(sys.argv) == 1:
        print(",".join(f"DNS:{host}" for hosts in HOSTS.values() for host in hosts))
        return
    certificate, key, manifest, port_file = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    port_of = ports(manifest)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.getsockname()[1]))
    shutil.move(port_file + ".new", os.path.abspath(port_file))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, port_of), daemon=True).start()


if __name__ == "__main__":
    main()
