"""Stands in for the marketplace's own hosts, for clients that have them built in.

A proxy on loopback: it takes CONNECT for the hosts below, speaks TLS with a certificate made for this run, and hands
everything on to the sandbox. Clients are sent here by HTTPS_PROXY alone. Any other host is refused.

usage: gateway.py CERTIFICATE KEY SANDBOX_PORT PORT_FILE
"""

import os
import shutil
import socket
import ssl
import sys
import threading

HOSTS = {"api.mercadolibre.com", "auth.mercadolivre.com.br"}
HEAD_MAX_BYTES = 16 * 1024


def read_head(connection):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD_MAX_BYTES:
        part = connection.recv(4096)
        if not part:
            break
        head += part
    return head.decode("latin-1")


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


def serve(connection, context, sandbox_port):
    with connection:
        words = read_head(connection).split(" ")
        host = words[1].partition(":")[0] if len(words) > 1 and words[0] == "CONNECT" else ""
        if host not in HOSTS:
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
            return
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            secure = context.wrap_socket(connection, server_side=True)
        except OSError as error:
            print(f"gateway: {host}: {error}", file=sys.stderr)
            return
        with secure, socket.create_connection(("127.0.0.1", sandbox_port)) as sandbox:
            back = threading.Thread(target=pump, args=(sandbox, secure), daemon=True)
            back.start()
            pump(secure, sandbox)
            back.join()


def main():
    certificate, key, sandbox_port, port_file = sys.argv[1:]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.getsockname()[1]))
    shutil.move(port_file + ".new", os.path.abspath(port_file))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, context, int(sandbox_port)), daemon=True).start()


if __name__ == "__main__":
    main()
