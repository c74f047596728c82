/** A TLS setting or a file that it names cannot be used. The message is one line that says which and why, without secrets. */
export class TlsConfigError extends Error {
  override readonly name = 'TlsConfigError'
}
