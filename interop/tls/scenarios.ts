import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import type { ConnectionOptions } from 'node:tls'
import { askFourLetterWord } from '../harness/four-letter-word.ts'
import { freePort } from '../harness/free-port.ts'
import { javaProgram } from '../harness/java.ts'
import { Server, type ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { Authority, type StoreKind } from '../quorum-security/stores.ts'
import { type CShell, cShell } from '../sasl/c-client.ts'
import { outcomeOf as cOutcomeOf, PATIENCE_MS as STRANGER_PATIENCE_MS } from '../sasl/c-suite.ts'
import {
  askSecurely,
  javaClient,
  kazooClient,
  output,
  type Properties,
  serialNumber,
  startJavaLoad
} from './clients.ts'

/** The C client ends when it has its answer. */
const C_CLIENT_TIMEOUT_MS = 60_000
const CONNECTION_LOSS = 'error -4'

/** Takes what was seen in a case: of both servers it has to be the same. */
export type Observe = (name: string, act: () => Promise<string>) => Promise<void>

const NETTY = { 'zookeeper.serverCnxnFactory': 'org.apache.zookeeper.server.NettyServerCnxnFactory' }

/** Java's client looks for the name of the address that it is given. */
export const NAMES = 'IP:127.0.0.1,DNS:localhost'

/** The certificates of all scenarios: those of clients are named for what is wrong with them. */
export interface Certificates {
  readonly authority: Authority
  readonly stranger: Authority
  readonly close: () => void
}

/** The authority's revocation list is served over HTTP, as its certificates say. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const authority = new Authority(join(folder, 'authority'))
  let list = Buffer.alloc(0)
  const http = createServer((_request, response) => void response.end(list)).listen(0, '127.0.0.1')
  await new Promise((resolve) => http.once('listening', resolve))
  const { port } = http.address() as AddressInfo
  const extensions = [`crlDistributionPoints=URI:http://127.0.0.1:${port}/list.crl`]
  for (const name of ['server', 'next', 'client', 'revoked']) authority.issue(name, { names: NAMES, extensions })
  authority.issue('expired', { isExpired: true })
  authority.issue('elsewhere', { names: 'DNS:elsewhere.example' })
  authority.revoke('revoked')
  list = Buffer.from(authority.revocationList())
  authority.makeTrustStores()
  const stranger = new Authority(join(folder, 'stranger'))
  stranger.issue('client')
  return { authority, stranger, close: () => http.close() }
}

/** `ssl.*` of a server, or with a prefix of a client. */
export function storesOf(authority: Authority, name: string, kind: StoreKind, prefix = ''): Properties {
  const entries = Object.entries(authority.settings(name, kind))
  return Object.fromEntries(entries.map(([key, value]) => [prefix + key.replace('ssl.quorum.', 'ssl.'), value]))
}

/** What a client of Java is given that trusts the authority and shows this certificate, or none. */
export function clientOf(authority: Authority, name: string | null, kind: StoreKind = 'PEM'): Properties {
  const all = Object.entries(storesOf(authority, name ?? 'client', kind, 'zookeeper.'))
  return Object.fromEntries(all.filter(([key, value]) => value !== '' && (name !== null || !key.includes('keyStore'))))
}

export function pemOf(authority: Authority, name: string | null, trusted = authority): ConnectionOptions {
  const { ca } = trusted.pem('client')
  if (name === null) return { ca }
  const { key, cert } = authority.pem(name)
  return { ca, key, cert }
}

interface Started {
  readonly server: Server
  readonly securePort: number
  readonly log: () => string
}

async function start(
  kind: ServerKind,
  folder: string,
  config: Properties,
  properties: Properties = {}
): Promise<Started> {
  const securePort = await freePort()
  const places = { secureClientPort: String(securePort), secureClientPortAddress: '127.0.0.1' }
  const given = Object.fromEntries(Object.entries(config).filter(([, value]) => value !== ''))
  const server = new Server(kind, folder, {
    config: { ...places, ...given },
    properties: { ...NETTY, ...properties },
    classPath: await javaProgram('tls')
  })
  await server.start()
  // Apache's server opens it a little after the other one.
  await waitFor('the port for TLS', 60_000, async () => ((await isOpen(securePort)) ? true : null))
  return { server, securePort, log: () => readFileSync(server.logFile, 'utf8') }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

export async function withServer(
  kind: ServerKind,
  folder: string,
  config: Properties,
  act: (started: Started) => Promise<void>,
  properties: Properties = {}
): Promise<void> {
  const started = await start(kind, folder, config, properties)
  try {
    await act(started)
  } finally {
    await started.server.stop()
  }
}

/** Stores of each kind, with certificates that are needed: Java, kazoo and OpenSSL; who a client is; ports. */
export async function runStores(
  kind: ServerKind,
  stores: StoreKind,
  { authority, stranger }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const superUser = { 'X509AuthenticationProvider.superUser': 'CN=next' }
  await withServer(
    kind,
    folder,
    { ...storesOf(authority, 'server', stores), ...superUser },
    async ({ server, securePort }) => {
      const client = clientOf(authority, 'client', stores)
      await observe('Java client', () => javaClient(securePort, client, 'who'))
      if (stores !== 'JKS') return
      await observe('Java client with the certificate of a stranger', () =>
        javaClient(securePort, { ...client, ...clientOf(stranger, 'client'), ...trustOf(client) }, 'who')
      )
      await observe('Java client without a certificate', () =>
        javaClient(securePort, clientOf(authority, null, stores), 'who')
      )
      await observe("a znode of one's own", async () => {
        await javaClient(securePort, client, 'own', '/own')
        const other = await javaClient(securePort, clientOf(authority, 'elsewhere', stores), 'read', '/own')
        const superUserReads = await javaClient(securePort, clientOf(authority, 'next', stores), 'read', '/own')
        return [await javaClient(securePort, client, 'read', '/own'), other, superUserReads].join(', ')
      })
      const shell: CShell | null = await cShell(await javaProgram('tls')).catch(() => null)
      const places: [string, Authority][] = [
        ['client', authority],
        ['elsewhere', authority],
        ['client', stranger]
      ]
      for (const [name, signer] of places) {
        if (shell === null) break
        await observe(
          `the C client with the certificate "${name}"${signer === stranger ? ' of a stranger' : ''}`,
          () => {
            const files = [authority.file('ca.pem'), signer.file(`${name}.crt`), signer.file(`${name}.key`), '-'].join(
              ','
            )
            const args = ['-h', `127.0.0.1:${securePort}`, '-s', files, '-c', 'get /own']
            return signer === stranger
              ? strangerOutcomeOf(shell, args)
              : cOutcomeOf(shell, args, {}, C_CLIENT_TIMEOUT_MS)
          }
        )
      }
      const own = { cert: authority.file('client.crt'), key: authority.file('client.key') }
      await observe('kazoo', () => kazooClient(securePort, authority.file('ca.pem'), own))
      await observe('kazoo without a certificate', () => kazooClient(securePort, authority.file('ca.pem'), null))
      await observe('cons shows the connections of its port', async () => {
        const onSecure = await askSecurely(securePort, 'cons', pemOf(authority, 'client'))
        const onPlain = (await askFourLetterWord(server.port, 'cons')) ?? ''
        return `${onSecure.trim().split('\n').length} and ${onPlain.trim().split('\n').length}`
      })
      await observe('conf shows both ports', async () => {
        const conf = (await askFourLetterWord(server.port, 'conf')) ?? ''
        return String(conf.includes(`secureClientPort=${securePort}\n`) && conf.includes(`clientPort=${server.port}\n`))
      })
      await observe('counters', async () => {
        const mntr = (await askFourLetterWord(server.port, 'mntr')) ?? ''
        return (mntr.match(/zk_(outstanding_tls_handshake|non_mtls_remote_conn_count)\t\d+/g) ?? []).sort().join(' ')
      })
    }
  )
}

/** A client that is never let in connects again and again: whether its request hears of a lost connection while it is looked at is chance. */
async function strangerOutcomeOf(shell: CShell, args: readonly string[]): Promise<string> {
  const outcome = await cOutcomeOf(shell, args, {}, STRANGER_PATIENCE_MS)
  return outcome === CONNECTION_LOSS || outcome === 'no answer' ? 'not let in' : outcome
}

function trustOf(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([key]) => key.includes('trustStore')))
}

/** Versions and cipher suites, by `openssl s_client`. */
export async function runVersions(
  kind: ServerKind,
  { authority }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const config = {
    ...storesOf(authority, 'server', 'PKCS12'),
    'ssl.enabledProtocols': 'TLSv1.2,TLSv1.3',
    'ssl.ciphersuites': 'TLS_AES_128_GCM_SHA256,TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'
  }
  await withServer(kind, folder, config, async ({ securePort }) => {
    const connectAs = async (...options: string[]): Promise<string> => {
      const files = [
        '-CAfile',
        authority.file('ca.pem'),
        '-cert',
        authority.file('client.crt'),
        '-key',
        authority.file('client.key')
      ]
      const args = ['s_client', '-connect', `127.0.0.1:${securePort}`, ...files, ...options]
      const text = await output('openssl', args, process.env, 'ruok')
      const used = /(?:New, |Protocol {2}: )(TLSv[\d.]+)[\s\S]*?Cipher(?: is| {4}:) (\S+)/.exec(text)
      return `${used?.[2] ?? 'none'}, ${/Verify return code: (\d+)/.exec(text)?.[1] ?? '-'}`
    }
    await observe('openssl with TLS 1.3', () => connectAs('-tls1_3'))
    await observe('openssl with TLS 1.2', () => connectAs('-tls1_2'))
    await observe('openssl with TLS 1.1', () => connectAs('-tls1_1', '-cipher', 'ALL@SECLEVEL=0'))
    await observe('openssl with a cipher suite that is not enabled', () =>
      connectAs('-tls1_2', '-cipher', 'ECDHE-RSA-AES256-GCM-SHA384')
    )
    await observe('openssl with one that is', () => connectAs('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256'))
  })
}

/** Plain text and TLS on one port; certificates that are wanted, or not asked for. */
export async function runPortUnification(
  kind: ServerKind,
  { authority, stranger }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const config = { ...storesOf(authority, 'server', 'PEM'), 'ssl.clientAuth': 'want', 'client.portUnification': 'true' }
  await withServer(kind, folder, config, async ({ server, securePort }) => {
    const plain = { 'zookeeper.client.secure': 'false' }
    await observe('plain Java client', () => javaClient(server.port, plain, 'who'))
    await observe('Java client over TLS on the same port', () =>
      javaClient(server.port, clientOf(authority, 'client'), 'who')
    )
    await observe('Java client without the certificate that is wanted', () =>
      javaClient(securePort, clientOf(authority, null), 'who')
    )
    await observe('words on the same port', async () => {
      const secure = await askSecurely(server.port, 'ruok', pemOf(authority, 'client'))
      return `${secure} ${await askFourLetterWord(server.port, 'ruok')}`
    })
    await observe('one byte at a time', () => inPieces(server.port))
    await observe('a certificate that is not trusted, where one is wanted', () =>
      askSecurely(securePort, 'ruok', pemOf(stranger, 'client', authority))
    )
  })
}

async function inPieces(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let text = ''
    socket.on('data', (piece: Buffer) => {
      text += String(piece)
    })
    socket.on('close', () => resolve(text))
    const bytes = [...'ruok']
    const timer = setInterval(() => {
      const next = bytes.shift()
      if (next === undefined) clearInterval(timer)
      else socket.write(next)
    }, 20)
  })
}

/** What is answered, after which there is one line more in the log, which says this. */
export async function oneLineFor(
  { log }: Pick<Started, 'log'>,
  line: RegExp,
  ask: () => Promise<string>
): Promise<string> {
  const before = log().split('\n').length
  const answer = await ask()
  const added = (): string[] => {
    const lines = log()
      .split('\n')
      .slice(before - 1)
    return lines.filter((one) => one !== '')
  }
  const lines = await waitFor('a line in the log', 5000, async () => (added().length > 0 ? added() : null))
  if (lines.length !== 1 || !line.test(lines[0] ?? '')) throw new Error(`not the one line: ${lines.join(' | ')}`)
  return answer
}

/** Certificates that must not be taken. Each leaves one line in our log. */
export async function runRefusals(
  kind: ServerKind,
  { authority, stranger }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const config = { ...storesOf(authority, 'server', 'PEM'), 'ssl.crl': 'true' }
  await withServer(kind, folder, config, async ({ securePort, log }) => {
    const cases = [
      { name: 'client', authority, line: null },
      { name: 'expired', authority, line: 'the certificate of CN=expired: it has expired' },
      { name: 'revoked', authority, line: 'the certificate of CN=revoked: it is revoked' },
      {
        name: 'elsewhere',
        authority,
        line: 'the certificate of CN=elsewhere: whether it is revoked cannot be told, for want of a revocation list (it names none by HTTP, and the trust store has none)'
      },
      {
        name: 'client',
        authority: stranger,
        line: 'the certificate of CN=client: who has signed it is not in the trust store'
      }
    ]
    for (const { name, authority: signer, line } of cases) {
      await observe(
        `certificate "${name}"${signer === stranger ? ' of a stranger' : ''}, with revocation lists`,
        async () => {
          const ask = () => askSecurely(securePort, 'ruok', pemOf(signer, name, authority))
          const isTold = kind === 'zoonode' && line !== null
          return isTold
            ? await oneLineFor({ log }, new RegExp(`: ${line.replace(/[()]/g, '\\$&')}$`), ask)
            : await ask()
        }
      )
    }
  })
  const checking = {
    ...storesOf(authority, 'server', 'PEM'),
    'ssl.clientHostnameVerification': 'true',
    'fips-mode': 'false'
  }
  const second = join(folder, 'hosts')
  await withServer(kind, second, checking, async ({ securePort }) => {
    for (const name of ['client', 'elsewhere']) {
      await observe(`host of the certificate "${name}"`, () => askSecurely(securePort, 'ruok', pemOf(authority, name)))
    }
  })
}

/** The server's certificate is changed under a client that works. */
export async function runRotation(
  kind: ServerKind,
  { authority }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  authority.issue('rotating', { names: NAMES })
  const config = { ...storesOf(authority, 'rotating', 'JKS'), 'client.certReload': 'true' }
  await withServer(kind, folder, config, async ({ securePort }) => {
    const trusting = pemOf(authority, 'client')
    const load = await startJavaLoad(securePort, clientOf(authority, 'client', 'JKS'))
    await waitFor('the load', 60_000, async () => (load.hasBegun ? true : null))
    for (const next of ['next', 'server']) {
      await observe(`the certificate becomes that of "${next}"`, async () => {
        const before = await serialNumber(securePort, trusting)
        authority.replace('rotating', next)
        await waitFor('the new certificate', 20_000, async () =>
          (await serialNumber(securePort, trusting)) === before ? null : true
        )
        return 'shown'
      })
    }
    await observe('the client under load', () => load.end())
  })
}
