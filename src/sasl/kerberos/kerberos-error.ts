/** Tells why a client's Kerberos tokens do not convince; for the server's log. */
export class KerberosError extends Error {}
