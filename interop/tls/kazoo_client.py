"""kazoo over TLS. Arguments: the connect string, the authority, certificate and key (or "-"); user and password for DIGEST-MD5,
or "GSSAPI" and a principal."""

import sys

from kazoo.client import KazooClient
from kazoo.exceptions import AuthFailedError
from kazoo.security import CREATOR_ALL_ACL

hosts, authority, certificate, key = sys.argv[1:5]
own = {} if certificate == "-" else {"certfile": certificate, "keyfile": key}
if len(sys.argv) > 5 and sys.argv[5] == "GSSAPI":
    own["sasl_options"] = {"mechanism": "GSSAPI", "service": "zookeeper", "principal": sys.argv[6]}
elif len(sys.argv) > 5:
    own["sasl_options"] = {"mechanism": "DIGEST-MD5", "username": sys.argv[5], "password": sys.argv[6]}
client = KazooClient(hosts=hosts, use_ssl=True, ca=authority, **own)
try:
    client.start(6)
except Exception as error:
    print("refused")
    client.stop()
    sys.exit(0)
try:
    client.create("/kazoo-tls", b"x" * 50000, acl=CREATOR_ALL_ACL, ephemeral=True)
except AuthFailedError:
    print("login refused")
    client.stop()
    sys.exit(0)
print("own " + ",".join(acl.id.scheme + ":" + acl.id.id for acl in client.get_acls("/kazoo-tls")[0]))
print("bytes", len(client.get("/kazoo-tls")[0]))
client.stop()
