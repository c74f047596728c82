import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../../src/client/index.ts'
import { runCommand } from '../harness/child.ts'
import { javaProgram } from '../harness/java.ts'
import { Server, type ServerKind } from '../harness/server.ts'
import { type Suite, type SuiteRun, SuiteUnavailableError } from '../harness/suite.ts'
import { type CShell, cShell } from './c-client.ts'
import { outcomeOf as outcomeOfC } from './c-suite.ts'
import { hasKdc, Kdc, NO_KDC } from './kdc.ts'
import { ownOutcomes, USER } from './kerberos-own-clients.ts'

const CLIENT_TIMEOUT_MS = 60_000
const MODULE = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true useTicketCache=false'
const PRINCIPALS = ['alice@ZK.TEST', 'svc/host.example@ZK.TEST']

/** Settings under which names become other ids. */
const VARIANTS: readonly { readonly name: string; readonly config: Readonly<Record<string, string>> }[] = [
  { name: 'names as they are', config: { superUser: 'alice@ZK.TEST' } },
  { name: 'without hosts', config: { 'kerberos.removeHostFromPrincipal': 'true' } },
  {
    name: 'without hosts and realms',
    config: { 'kerberos.removeHostFromPrincipal': 'true', 'kerberos.removeRealmFromPrincipal': 'true' }
  }
]

/** The Java client with tickets of a real key distribution centre, to servers of both kinds: they must know it by the same id. */
export const kerberosSuite: Suite = {
  name: 'kerberos',
  isQuick: false,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    if (!hasKdc()) throw new SuiteUnavailableError(NO_KDC)
    await javaProgram('sasl')
  },
  async run(run) {
    const kdc = await Kdc.start(join(run.folder, 'kdc'))
    try {
      await runWith(run, kdc)
    } finally {
      await kdc.stop()
    }
  }
}

async function runWith(run: SuiteRun, kdc: Kdc): Promise<void> {
  const serverKeys = await kdc.keytab('server', 'zookeeper/localhost@ZK.TEST')
  const otherKeys = await kdc.keytab('other', 'zookeeper/elsewhere@ZK.TEST')
  const clientKeys = await kdc.keytab('client', ...PRINCIPALS)
  for (const { name, config } of VARIANTS) {
    const outcomes = new Map<ServerKind, string[]>()
    for (const kind of ['apache', 'zoonode'] as const) {
      const section = `Server {\n  ${MODULE} keyTab="${serverKeys}" principal="zookeeper/localhost@ZK.TEST";\n};\n`
      outcomes.set(
        kind,
        await outcomesWith(run, kdc, kind, `${kind}-${name.replaceAll(' ', '-')}`, section, config, clientKeys)
      )
    }
    const apache = outcomes.get('apache')?.join('\n') ?? ''
    const zoonode = outcomes.get('zoonode')?.join('\n') ?? ''
    const isSame = apache === zoonode && PRINCIPALS.length === apache.split('sasl:').length - 1
    record(run, `java, by Kerberos: ${name}`, isSame, `apache:\n${apache}\nzoonode:\n${zoonode}`)
  }
  await runOwnClients(run, kdc, serverKeys, clientKeys)
  const section = `Server {\n  ${MODULE} keyTab="${otherKeys}" principal="zookeeper/elsewhere@ZK.TEST";\n};\n`
  const [outcome = ''] = await outcomesWith(run, kdc, 'zoonode', 'other-key', section, {}, clientKeys)
  record(run, 'java, by Kerberos: a ticket for another service', outcome.includes('AuthFailed'), outcome)
}

/** Our shell and our client, to servers of both kinds. */
async function runOwnClients(run: SuiteRun, kdc: Kdc, serverKeys: string, clientKeys: string): Promise<void> {
  const section = `Server {\n  ${MODULE} keyTab="${serverKeys}" principal="zookeeper/localhost@ZK.TEST";\n};\n`
  for (const kind of ['apache', 'zoonode'] as const) {
    await withServer(run, kdc, kind, `own-clients-${kind}`, section, {}, async (server, folder) => {
      for (const { name, shown, expected } of await ownOutcomes(server, kdc, folder, clientKeys)) {
        record(run, `${name}, by Kerberos to ${kind}`, expected.test(shown), shown)
      }
      await runCClient(run, server, kdc, clientKeys)
    })
  }
}

/** The C client with Cyrus SASL: what is alice's alone is read with a ticket of hers. */
async function runCClient(run: SuiteRun, server: Server, kdc: Kdc, keys: string): Promise<void> {
  const name = `the C client, by Kerberos to ${server.kind}`
  let shell: CShell
  try {
    shell = await cShell(await javaProgram('sasl'))
  } catch (error) {
    run.record({ name, status: 'skipped', detail: String(error), observed: null })
    return
  }
  const zk = await connect(server.connectString)
  await zk.create('/of-alice', Buffer.from('of alice'), { acl: [{ perms: 31, scheme: 'sasl', id: USER }] })
  await zk.close()
  const login = ['-n', 'GSSAPI', '-z', 'zookeeper', '-o', 'localhost']
  const args = ['-h', `localhost:${server.port}`, ...login, '-c', 'get /of-alice']
  const cache = await kdc.ticketCache('alice-for-c', keys, USER)
  const environment = { SASL_PATH: shell.kerberosPlugins, KRB5_CONFIG: kdc.configFile }
  const seen = await outcomeOfC(shell, args, { ...environment, KRB5CCNAME: cache })
  const without = await outcomeOfC(shell, args, { ...environment, KRB5CCNAME: `${cache}.none` })
  record(run, name, seen === 'value "of alice"' && without === 'refused', `${seen}; without a ticket: ${without}`)
}

/** Who the server says each principal is. */
async function outcomesWith(
  run: SuiteRun,
  kdc: Kdc,
  kind: ServerKind,
  name: string,
  section: string,
  config: Readonly<Record<string, string>>,
  clientKeys: string
): Promise<string[]> {
  return await withServer(run, kdc, kind, name, section, config, async (server, folder) => {
    const outcomes: string[] = []
    for (const principal of PRINCIPALS) outcomes.push(await outcomeOf(server, kdc, folder, principal, clientKeys))
    return outcomes
  })
}

async function withServer<T>(
  run: SuiteRun,
  kdc: Kdc,
  kind: ServerKind,
  name: string,
  section: string,
  config: Readonly<Record<string, string>>,
  act: (server: Server, folder: string) => Promise<T>
): Promise<T> {
  const folder = join(run.folder, name)
  mkdirSync(folder)
  const jaas = join(folder, 'jaas.conf')
  writeFileSync(jaas, section)
  const server = new Server(kind, folder, {
    config: { 'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider', ...config },
    properties: { 'java.security.auth.login.config': jaas, 'java.security.krb5.conf': kdc.configFile }
  })
  await server.start()
  try {
    return await act(server, folder)
  } finally {
    await server.stop()
  }
}

async function outcomeOf(server: Server, kdc: Kdc, folder: string, principal: string, keys: string): Promise<string> {
  const jaas = join(folder, `${principal.replaceAll('/', '_')}.conf`)
  writeFileSync(jaas, `Client {\n  ${MODULE} keyTab="${keys}" principal="${principal}";\n};\n`)
  const logFile = `${jaas}.log`
  const args = [
    '-Xmx128m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
    `-Djava.security.krb5.conf=${kdc.configFile}`,
    `-Djava.security.auth.login.config=${jaas}`,
    '-Dzookeeper.sasl.client.canonicalize.hostname=false',
    '-cp',
    await javaProgram('sasl'),
    'interop.WhoAmI',
    `localhost:${server.port}`
  ]
  await runCommand({ command: 'java', args, logFile }, CLIENT_TIMEOUT_MS)
  return /^OUTCOME (.*)$/m.exec(readFileSync(logFile, 'utf8'))?.[1] ?? 'no outcome'
}

function record(run: SuiteRun, name: string, isGood: boolean, detail: string): void {
  run.record({ name, status: isGood ? 'passed' : 'failed', detail: isGood ? '' : detail, observed: null })
}
