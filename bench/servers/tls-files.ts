import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** PEM files of a server that signs its own certificate. */
export interface TlsFiles {
  /** Private key and certificate. */
  readonly keyStore: string
  readonly trustStore: string
}

/** Makes a key of 2048 bits and its certificate in a folder. @throws Error without the program openssl */
export function makeTlsFiles(folder: string): TlsFiles {
  const key = join(folder, 'key.pem')
  const trustStore = join(folder, 'trust.pem')
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', trustStore]
  const made = spawnSync('openssl', [...args, ...names], { encoding: 'utf8' })
  if (made.status !== 0) throw new Error(`no certificate: ${made.error ?? made.stderr}`)
  const keyStore = join(folder, 'server.pem')
  writeFileSync(keyStore, readFileSync(key, 'utf8') + readFileSync(trustStore, 'utf8'))
  return { keyStore, trustStore }
}
