"""kazoo over TLS. Arguments: the connect string, the authority, certificate and key (or "-"); user and password for DIGEST-MD5,
or "GSSAPI" and a principal."""

import sys

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.protocol.states import KeeperState
from kazoo.security import CREATOR_ALL_ACL

hosts, authority, certificate, key = sys.argv[1:5]
own = {} if certificate == "-" else {"certfile": certificate, "keyfile": key}
if len(sys.argv) > 5 and sys.argv[5] == "GSSAPI":
    own["sasl_options"] = {"mechanism": "GSSAPI", "service": "zookeeper", "principal": sys.argv[6]}
elif len(sys.argv) > 5:
    own["sasl_options"] = {"mechanism": "DIGEST-MD5", "username": sys.argv[5], "password": sys.argv[6]}
client = KazooClient(hosts=hosts, use_ssl=True, ca=authority, **own)
states = []
client.add_listener(lambda state: states.append(client.client_state))
# A login that is refused ends the client a moment after its connection was made: which call notices it first is chance.
try:
    client.start(6)
except Exception:
    print("login refused" if KeeperState.AUTH_FAILED in states else "refused")
    client.stop()
    sys.exit(0)
try:
    client.create("/kazoo-tls", b"x" * 50000, acl=CREATOR_ALL_ACL, ephemeral=True)
except KazooException:
    if KeeperState.AUTH_FAILED not in states:
        raise
    print("login refused")
    client.stop()
    sys.exit(0)
print("own " + ",".join(acl.id.scheme + ":" + acl.id.id for acl in client.get_acls("/kazoo-tls")[0]))
print("bytes", len(client.get("/kazoo-tls")[0]))
client.stop()
