import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServerKind } from '../harness/server.ts'
import { hasKdc, Kdc } from '../sasl/kdc.ts'
import { kerberosPackage } from '../sasl/kerberos-package.ts'
import { javaClient, kazooClient, kazooWithKerberos, type Properties, shellOf } from './clients.ts'
import { type Certificates, clientOf, type Observe, storesOf, withServer } from './scenarios.ts'

const DIGEST = 'org.apache.zookeeper.server.auth.DigestLoginModule required'
const KERBEROS =
  'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true useTicketCache=false'
const SERVICE = 'zookeeper/localhost@ZK.TEST'
const USER = 'alice@ZK.TEST'
const PROVIDER = { 'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider' }

/** Logins on the port for TLS, of clients with a certificate and without: who they are then, and whose their znodes. */
export async function runSasl(
  kind: ServerKind,
  { authority }: Certificates,
  folder: string,
  observe: Observe
): Promise<void> {
  const config = { ...storesOf(authority, 'server', 'PEM'), ...PROVIDER, 'ssl.clientAuth': 'want' }
  const [certified, bare] = [clientOf(authority, 'client'), clientOf(authority, null)]
  const server = jaas(folder, 'Server', `${DIGEST} user_bob="bobsecret"`)
  const bob = jaas(folder, 'Client', `${DIGEST} username="bob" password="bobsecret"`)
  const guess = jaas(folder, 'Client', `${DIGEST} username="bob" password="a guess"`)
  const digest = { 'zookeeper.fips-mode': 'false' }
  const act = async (securePort: number): Promise<void> => {
    await observe('Java client with a certificate, by DIGEST-MD5', () =>
      javaClient(securePort, { ...certified, ...bob, ...digest }, 'who')
    )
    await observe('Java client without one, by DIGEST-MD5', () =>
      javaClient(securePort, { ...bare, ...bob, ...digest }, 'who')
    )
    await observe('Java client with a wrong password', () =>
      javaClient(securePort, { ...bare, ...guess, ...digest }, 'login')
    )
    const user = { name: 'bob', password: 'bobsecret' }
    await observe('kazoo, by DIGEST-MD5', () => kazooClient(securePort, authority.file('ca.pem'), null, user))
    await observe('kazoo with a wrong password', () =>
      kazooClient(securePort, authority.file('ca.pem'), null, { ...user, password: 'a guess' })
    )
    await observe('our shell, by DIGEST-MD5', async () =>
      identitiesIn(await shellOf(securePort, { ...certified, ...bob }, folder))
    )
  }
  await withServer(kind, join(folder, 'digest'), config, ({ securePort }) => act(securePort), { ...server, ...digest })
  if (hasKdc()) await runKerberos(kind, config, certified, authority.file('ca.pem'), folder, observe)
}

async function runKerberos(
  kind: ServerKind,
  config: Properties,
  certified: Properties,
  ca: string,
  folder: string,
  observe: Observe
): Promise<void> {
  const kdc = await Kdc.start(join(folder, 'kdc'))
  try {
    const keys = await kdc.keytab('all', SERVICE, USER)
    const places = { 'java.security.krb5.conf': kdc.configFile }
    const server = jaas(folder, 'Server', `${KERBEROS} keyTab="${keys}" principal="${SERVICE}"`)
    const alice = jaas(folder, 'Client', `${KERBEROS} keyTab="${keys}" principal="${USER}"`)
    const client = { ...certified, ...places, ...alice, 'zookeeper.server.principal': SERVICE }
    const act = async (securePort: number): Promise<void> => {
      await observe('Java client, by Kerberos', () => javaClient(securePort, client, 'who'))
      const environment = await kerberosPackage()
      await observe('our shell, by Kerberos', async () =>
        identitiesIn(await shellOf(securePort, client, folder, environment))
      )
      const packages = await kazooWithKerberos().catch(() => null)
      if (packages === null) return
      for (const cache of [await kdc.ticketCache('alice', keys, USER), join(folder, 'none')]) {
        const which = cache.endsWith('none') ? 'kazoo without a ticket' : 'kazoo, by Kerberos'
        const environment = { PYTHONPATH: packages, KRB5_CONFIG: kdc.configFile, KRB5CCNAME: cache }
        await observe(which, async () => {
          const text = await kazooClient(securePort, ca, null, { name: 'GSSAPI', password: USER }, environment)
          return /^own .*$/m.exec(text)?.[0] ?? 'refused'
        })
      }
    }
    await withServer(kind, join(folder, 'kerberos'), config, ({ securePort }) => act(securePort), {
      ...server,
      ...places
    })
  } finally {
    await kdc.stop()
  }
}

/** SCRAM, which Apache's server does not have, on our port for TLS. */
export async function runScram({ authority }: Certificates, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const config = { ...storesOf(authority, 'server', 'PEM'), ...PROVIDER, 'ssl.clientAuth': 'none' }
  const server = jaas(folder, 'Server', `${DIGEST} user_bob="bobsecret"`)
  const scram = { ...clientOf(authority, null), 'zookeeper.sasl.mechanism': 'SCRAM-SHA-256' }
  const act = async (securePort: number): Promise<void> => {
    const bob = jaas(folder, 'Client', 'x required username="bob" password="bobsecret"')
    const seen = identitiesIn(await shellOf(securePort, { ...scram, ...bob }, folder))
    if (seen !== 'ip: 127.0.0.1, sasl: bob') throw new Error(seen)
    const guess = jaas(folder, 'Client', 'x required username="bob" password="a guess"')
    const refused = await shellOf(securePort, { ...scram, ...guess }, folder)
    if (!refused.includes('AuthFailed')) throw new Error(refused)
  }
  await withServer('zoonode', join(folder, 'server'), config, ({ securePort }) => act(securePort), server)
}

let fileCount = 0

/** The property that names a JAAS file, which is written here. */
function jaas(folder: string, section: string, module: string): Properties {
  const file = join(folder, `jaas-${fileCount++}.conf`)
  writeFileSync(file, `${section} { ${module}; };\n`)
  return { 'java.security.auth.login.config': file }
}

function identitiesIn(text: string): string {
  return (text.match(/^\w+ *: .*$/gm) ?? [])
    .filter((line) => !line.startsWith('Auth'))
    .sort()
    .join(', ')
}
