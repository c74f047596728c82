import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startChild } from '../harness/child.ts'
import { freePort } from '../harness/free-port.ts'
import { PROGRAMS, REPOSITORY } from '../harness/paths.ts'
import { Server } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { output } from './clients.ts'
import type { Certificates } from './scenarios.ts'

type Act = (name: string, act: () => Promise<void>) => Promise<void>

/** What only our server has, or says: our shell, HTTPS of its HTTP ports, the lines of a start that fails. */
export async function runOwn({ authority }: Certificates, folder: string, act: Act): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const [securePort, adminPort, metricsPort] = [await freePort(), await freePort(), await freePort()]
  const { password } = authority
  const stores = {
    'ssl.keyStore.location': authority.file('server.jks'),
    'ssl.keyStore.password': password,
    'ssl.trustStore.location': authority.file('trust.jks'),
    'ssl.trustStore.password': password
  }
  const config = {
    secureClientPort: String(securePort),
    secureClientPortAddress: '127.0.0.1',
    ...stores,
    ...Object.fromEntries(Object.entries(stores).map(([key, value]) => [key.replace('ssl.', 'ssl.quorum.'), value])),
    'admin.enableServer': 'true',
    'admin.serverAddress': '127.0.0.1',
    'admin.serverPort': String(adminPort),
    'admin.portUnification': 'true',
    'admin.needClientAuth': 'true',
    'X509AuthenticationProvider.superUser': 'CN=client',
    'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
    'metricsProvider.httpPort': '-1',
    'metricsProvider.httpHost': '127.0.0.1',
    'metricsProvider.httpsPort': String(metricsPort),
    'metricsProvider.ssl.keyStore.location': authority.file('server.p12'),
    'metricsProvider.ssl.keyStore.password': password,
    'metricsProvider.ssl.trustStore.location': authority.file('trust.p12'),
    'metricsProvider.ssl.trustStore.password': password
  }
  const server = new Server('zoonode', join(folder, 'server'), { config })
  await server.start()
  try {
    for (const kind of ['jks', 'p12', 'pem']) {
      await act(`our shell over TLS: ${kind}`, () => shell(folder, securePort, authority, kind))
    }
    const curl = (...args: string[]): Promise<string> =>
      output('curl', ['--silent', '--show-error', '--cacert', authority.file('ca.pem'), ...args])
    const own = ['--cert', authority.file('client.crt'), '--key', authority.file('client.key')]
    await act('curl asks the admin server over HTTPS and over HTTP', async () => {
      includes(await curl(...own, `https://127.0.0.1:${adminPort}/commands/ruok`), '"error" : null')
      includes(await curl(`http://127.0.0.1:${adminPort}/commands/ruok`), '"error" : null')
      includes(await curl(`https://127.0.0.1:${adminPort}/commands/ruok`), 'curl:')
    })
    await act('curl is authorised by its certificate', async () => {
      const url = `https://127.0.0.1:${adminPort}/commands/snapshot?streaming=false`
      includes(await curl(...own, '-H', 'Authorization: x509', url), '"error" : null')
      includes(await curl('-H', 'Authorization: x509', url.replace('https', 'http')), 'Not authenticated')
    })
    await act('curl scrapes the metrics over HTTPS', async () => {
      includes(await curl(...own, `https://127.0.0.1:${metricsPort}/metrics`), 'outstanding_requests')
      includes(await curl(`https://127.0.0.1:${metricsPort}/metrics`), 'curl:')
    })
  } finally {
    await server.stop()
  }
  await runBadStarts(folder, stores, act)
}

async function shell(folder: string, port: number, authority: Certificates['authority'], kind: string): Promise<void> {
  const file = join(folder, `client-${kind}.cfg`)
  const store = (name: string, path: string): string[] => [
    `zookeeper.ssl.${name}.location=${path}`,
    ...(kind === 'pem' ? [] : [`zookeeper.ssl.${name}.password=${authority.password}`])
  ]
  const trust = authority.file(`trust.${kind}`)
  const lines = [
    'zookeeper.client.secure=true',
    ...store('keyStore', authority.file(`client.${kind}`)),
    ...store('trustStore', trust)
  ]
  writeFileSync(file, lines.join('\n'))
  const program = join(PROGRAMS, 'dist', 'bin', 'zkcli.js')
  const args = [program, '-server', `127.0.0.1:${port}`, '-client-configuration', file, 'whoami']
  includes(await output(process.execPath, args), 'x509: CN=client')
}

/** Each ends with exit code 2 and one line. */
async function runBadStarts(folder: string, stores: Readonly<Record<string, string>>, act: Act): Promise<void> {
  const cases = [
    { name: 'a wrong password', change: { 'ssl.keyStore.password': 'no' }, says: 'wrong password' },
    { name: 'a missing store', change: { 'ssl.trustStore.location': '/gone.jks' }, says: 'there is no such file' },
    { name: 'BCFKS', change: { 'ssl.keyStore.type': 'BCFKS' }, says: 'BCFKS' },
    { name: 'an unknown cipher suite', change: { 'ssl.ciphersuites': 'TLS_NONE' }, says: 'no cipher suite TLS_NONE' },
    { name: 'no trust store', change: { 'ssl.trustStore.location': '' }, says: 'ssl.trustStore.location' }
  ]
  for (const [index, { name, change, says }] of cases.entries()) {
    await act(`a start with ${name} is one line`, async () => {
      const own = join(folder, `bad-${index}`)
      mkdirSync(own)
      const config = { dataDir: own, secureClientPort: '0', 'admin.enableServer': 'false', ...stores, ...change }
      const lines = Object.entries(config).map(([key, value]) => `${key}=${value}`)
      writeFileSync(join(own, 'zoo.cfg'), lines.join('\n'))
      const logFile = join(own, 'log')
      const args = [join(PROGRAMS, 'dist', 'bin', 'zoonode.js'), '--config', join(own, 'zoo.cfg')]
      const child = startChild({ command: process.execPath, args, logFile, cwd: REPOSITORY })
      await waitFor('its end', 20_000, async () => (child.isRunning ? null : true))
      const { code } = await child.ended
      const text = readFileSync(logFile, 'utf8').trim()
      if (code !== 2 || text.includes('\n')) throw new Error(`code ${code}: ${text}`)
      includes(text, says)
    })
  }
}

function includes(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`"${part}" is not in: ${text.slice(0, 1000)}`)
}
