import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { ServerKind } from '../harness/server.ts'
import { Authority } from '../quorum-security/stores.ts'
import { askSecurely, javaClient, shellOf } from './clients.ts'
import { Responder } from './responder.ts'
import { type Certificates, clientOf, NAMES, type Observe, oneLineFor, storesOf, withServer } from './scenarios.ts'

/** Certificates by what their responder says; each refusal leaves one line in our log. */
const CASES = [
  { name: 'good', line: null },
  { name: 'revoked', line: /: it is revoked$/ },
  {
    name: 'unknown',
    line: /: whether it is revoked cannot be told by OCSP \(.*: it does not know the certificate\), nor for want/
  },
  {
    name: 'down',
    line: /: whether it is revoked cannot be told by OCSP \(http:.*\/down: .*\), nor for want of a revocation list/
  },
  { name: 'down-listed', line: null },
  { name: 'down-struck', line: /: it is revoked$/ },
  { name: 'silent', line: /by OCSP \(it names no responder\), nor for want of a revocation list/ }
] as const

/** Status of certificates by OCSP: of clients' by the server, of the server's by clients. */
export async function runOcsp(
  kind: ServerKind,
  _certificates: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const authority = new Authority(join(folder, 'authority'))
  const responder = await Responder.open(authority, join(folder, 'responder'))
  let list = Buffer.alloc(0)
  const lists = createServer((_request, response) => void response.end(list)).listen(0, '127.0.0.1')
  await new Promise((resolve) => lists.once('listening', resolve))
  const listed = `crlDistributionPoints=URI:http://127.0.0.1:${(lists.address() as AddressInfo).port}/list.crl`
  const answered = `authorityInfoAccess=OCSP;URI:${responder.url('/')}`
  const unanswered = `authorityInfoAccess=OCSP;URI:${responder.url('/down')}`
  for (const name of ['server', 'taken-back', 'good', 'revoked', 'unknown']) {
    authority.issue(name, { names: NAMES, extensions: [answered] })
  }
  authority.issue('down', { names: NAMES, extensions: [unanswered] })
  for (const name of ['down-listed', 'down-struck']) {
    authority.issue(name, { names: NAMES, extensions: [unanswered, listed] })
  }
  authority.issue('silent', { names: NAMES })
  for (const name of ['revoked', 'taken-back', 'down-struck']) authority.revoke(name)
  list = Buffer.from(authority.revocationList())
  authority.forget('unknown')
  authority.makeTrustStores()
  try {
    const config = { ...storesOf(authority, 'server', 'PEM'), 'ssl.ocsp': 'true' }
    await withServer(kind, folder, config, async (started) => {
      for (const { name, line } of CASES) {
        await observe(`certificate "${name}"`, async () => {
          const ask = () => askSecurely(started.securePort, 'ruok', authority.pem(name))
          return kind === 'apache' || line === null ? await ask() : await oneLineFor(started, line, ask)
        })
      }
      const asking = { ...clientOf(authority, 'good'), 'zookeeper.ssl.ocsp': 'true' }
      await observe('a Java client that asks, too', () => javaClient(started.securePort, asking, 'who'))
      await observe('our shell that asks, too', async () => {
        return /x509: CN=good/.test(await shellOf(started.securePort, asking, folder)) ? 'knows itself' : 'refused'
      })
    })
    const revoked = { ...storesOf(authority, 'taken-back', 'PEM'), 'ssl.ocsp': 'true' }
    await withServer(kind, join(folder, 'taken-back'), revoked, async (started) => {
      const asking = { ...clientOf(authority, 'good'), 'zookeeper.ssl.ocsp': 'true' }
      await observe('a server whose certificate is revoked, to a Java client that asks', () =>
        javaClient(started.securePort, asking, 'who')
      )
      await observe('a server whose certificate is revoked, to our shell that asks', async () => {
        return /x509: CN=good/.test(await shellOf(started.securePort, asking, folder)) ? 'knows itself' : 'refused'
      })
      await observe('a server whose certificate is revoked, to a Java client that does not', () =>
        javaClient(started.securePort, clientOf(authority, 'good'), 'who')
      )
    })
  } finally {
    responder.close()
    lists.close()
  }
}
