import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ensemble } from '../harness/ensemble.ts'
import type { MemberPlan } from '../harness/member.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { Kdc } from '../sasl/kdc.ts'
import { kerberosPackage } from '../sasl/kerberos-package.ts'
import { failOver, underLoad } from './life.ts'
import { keepOut, REQUIRED } from './sasl-scenarios.ts'
import { Authority } from './stores.ts'

const MODULE = 'com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true useTicketCache=false'
/** Members are known by the address that their lines have. */
const SERVICE = 'zkquorum/127.0.0.1@ZK.TEST'
const MEMBER = 'learner/127.0.0.1@ZK.TEST'

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
  const config = { ...REQUIRED, 'quorum.auth.kerberos.servicePrincipal': 'zkquorum/_HOST' }
  const properties = {
    'java.security.auth.login.config': await jaasIn(folder, kdc),
    'java.security.krb5.conf': kdc.configFile
  }
  const ensemble = await Ensemble.plan(folder, { members, config, properties, environment })
  if (hasTls) {
    const authority = new Authority(join(folder, 'authority'))
    authority.makeTrustStores()
    authority.issue('all')
    for (const member of ensemble.members) {
      const kind = member.kind === 'apache' ? 'JKS' : 'PEM'
      member.configure({ ...authority.settings('all', kind), sslQuorum: 'true' })
    }
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
  } finally {
    await ensemble.killAll()
    await kdc.stop()
  }
}

async function jaasIn(folder: string, kdc: Kdc): Promise<string> {
  const serverKeys = await kdc.keytab('server', SERVICE)
  const memberKeys = await kdc.keytab('member', MEMBER)
  const intruderKeys = await kdc.keytab('intruders', ...Object.values(INTRUDERS))
  const section = (name: string, keys: string, principal: string): string =>
    `${name} { ${MODULE} keyTab="${keys}" principal="${principal}"; };\n`
  const file = join(folder, 'jaas.conf')
  writeFileSync(
    file,
    [
      section('QuorumServer', serverKeys, SERVICE),
      section('QuorumLearner', memberKeys, MEMBER),
      ...Object.entries(INTRUDERS).map(([name, principal]) => section(name, intruderKeys, principal))
    ].join('')
  )
  return file
}
