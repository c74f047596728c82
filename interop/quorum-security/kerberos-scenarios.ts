import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../harness/child.ts'
import { Ensemble } from '../harness/ensemble.ts'
import type { Member, MemberPlan } from '../harness/member.ts'
import { PROGRAMS } from '../harness/paths.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { Kdc } from '../sasl/kdc.ts'
import { kerberosPackage } from '../sasl/kerberos-package.ts'
import { putInsideTls } from './inside-tls.ts'
import { failOver, underLoad } from './life.ts'
import { keepOut, REQUIRED } from './sasl-scenarios.ts'

const MODULE = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true useTicketCache=false'
/** Each member has a host, and principals, of its own. */
const PLACEMENT = { host: (sid: number) => `127.0.0.${sid}`, prefix: () => [] }

const LOGIN_TIMEOUT_MS = 60_000

/** Who has tickets of the realm, and is no member: it has another host, or none. */
const INTRUDERS = { Elsewhere: 'learner/elsewhere@ZK.TEST', Alice: 'alice@ZK.TEST' } as const

/** An ensemble whose members prove to each other by tickets who they are, perhaps inside of TLS. */
export async function runKerberos(
  members: readonly MemberPlan[],
  leaderSid: number,
  hasTls: boolean,
  folder: string,
  attempt: Attempt
): Promise<void> {
  const environment = await kerberosPackage()
  const kdc = await Kdc.start(join(folder, 'kdc'))
  const config = {
    ...REQUIRED,
    'quorum.auth.kerberos.servicePrincipal': 'zkquorum/_HOST',
    'authProvider.sasl': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider'
  }
  // Each finds the file in its own folder.
  const properties = { 'java.security.auth.login.config': 'jaas.conf', 'java.security.krb5.conf': kdc.configFile }
  const ensemble = await Ensemble.plan(folder, { members, config, properties, environment }, PLACEMENT)
  const intruderKeys = await kdc.keytab('intruders', ...Object.values(INTRUDERS))
  for (const member of ensemble.members) await writeJaas(member, kdc, intruderKeys)
  if (hasTls) {
    putInsideTls(ensemble, folder, members.map(({ sid }) => `IP:${PLACEMENT.host(sid)}`).join(','))
  }
  try {
    if (!(await attempt('starts', () => ensemble.startLedBy(leaderSid)))) return
    await attempt('serves, fails over, keeps principals that are no members outside, and loses nothing', () =>
      underLoad(ensemble, async (load) => {
        await failOver(ensemble, load)
        for (const section of Object.keys(INTRUDERS)) await keepOut(ensemble, load, section)
        await failOver(ensemble, load)
      })
    )
    await attempt('clients log in at each member, which has a key table of its own for that', async () => {
      for (const member of ensemble.members) await logIn(member, kdc, intruderKeys, folder)
    })
  } finally {
    await ensemble.killAll()
    await kdc.stop()
  }
}

/** Alice, who is no member, is a client like any other. @throws Error where she is not known */
async function logIn(member: Member, kdc: Kdc, keyTab: string, folder: string): Promise<void> {
  const jaas = join(folder, 'client.conf')
  writeFileSync(jaas, `Client { ${MODULE} keyTab="${keyTab}" principal="${INTRUDERS.Alice}"; };\n`)
  const logFile = join(folder, `client-of-${member.sid}.log`)
  const flags = `-Djava.security.auth.login.config=${jaas} -Djava.security.krb5.conf=${kdc.configFile}`
  const env = { ...(await kerberosPackage()), CLIENT_JVMFLAGS: flags }
  const args = ['-server', member.connectString, 'whoami']
  await runCommand({ command: join(PROGRAMS, 'bin', 'zkCli.sh'), args, logFile, cwd: folder, env }, LOGIN_TIMEOUT_MS)
  const shown = readFileSync(logFile, 'utf8')
  if (!/^sasl *: *alice@ZK\.TEST$/m.test(shown)) throw new Error(`${member.name} says: ${shown}`)
}

async function writeJaas({ sid, folder, address }: Member, kdc: Kdc, intruderKeys: string): Promise<void> {
  const [service, learner] = [`zkquorum/${address.host}@ZK.TEST`, `learner/${address.host}@ZK.TEST`]
  const ofClients = `zookeeper/${address.host}@ZK.TEST`
  const clientKeys = await kdc.keytab(`clients-of-${sid}`, ofClients)
  const keys = await kdc.keytab(`member-${sid}`, service, learner)
  const section = (name: string, keyTab: string, principal: string): string =>
    `${name} { ${MODULE} keyTab="${keyTab}" principal="${principal}"; };\n`
  const sections = [
    section('QuorumServer', keys, service),
    section('QuorumLearner', keys, learner),
    section('Server', clientKeys, ofClients),
    ...Object.entries(INTRUDERS).map(([name, principal]) => section(name, intruderKeys, principal))
  ]
  writeFileSync(join(folder, 'jaas.conf'), sections.join(''))
}
