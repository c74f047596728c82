import { join } from 'node:path'
import { Ensemble } from '../harness/ensemble.ts'
import type { MemberPlan } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { Responder } from '../tls/responder.ts'
import { failOver, TIMEOUT_MS, underLoad, WRITES } from './life.ts'
import { Authority } from './stores.ts'

/** What our servers say of a certificate that its responder calls revoked. */
const REFUSAL = /CN=taken-back.*it is revoked|its certificate: it is revoked/

/** Members look up each other's certificates by OCSP: one that comes back with a revoked one stays outside. */
export async function runOcsp(members: readonly MemberPlan[], folder: string, attempt: Attempt): Promise<void> {
  const authority = new Authority(join(folder, 'authority'))
  const responder = await Responder.open(authority, join(folder, 'responder'))
  const extensions = [`authorityInfoAccess=OCSP;URI:${responder.url('/')}`]
  for (const name of [...members.map(({ sid }) => `server-${sid}`), 'taken-back']) authority.issue(name, { extensions })
  authority.revoke('taken-back')
  authority.makeTrustStores()
  const ensemble = await Ensemble.plan(folder, { members, config: { sslQuorum: 'true', 'ssl.quorum.ocsp': 'true' } })
  const storeOf = (name: string, kind: string) => authority.settings(name, kind === 'apache' ? 'JKS' : 'PEM')
  for (const member of ensemble.members) member.configure(storeOf(`server-${member.sid}`, member.kind))
  try {
    if (!(await attempt('starts', () => ensemble.startLedBy(members.length)))) return
    await attempt('serves, keeps a member with a revoked certificate outside, fails over, and loses nothing', () =>
      underLoad(ensemble, async (load) => {
        const leader = await ensemble.serving()
        for (const member of ensemble.members.filter((one) => one !== leader)) {
          const ours = ensemble.members.filter((one) => one !== member && one.kind === 'zoonode')
          const lengths = new Map(ours.map((one) => [one, one.log().length]))
          await member.stop()
          member.configure(storeOf('taken-back', member.kind))
          await member.start()
          await waitFor('a refusal in the logs of our servers', TIMEOUT_MS, async () =>
            ours.some((one) => REFUSAL.test(one.log().slice(lengths.get(one) ?? 0))) ? true : null
          )
          await load.goesOn(WRITES, TIMEOUT_MS)
          if ((await member.mode()) !== null) throw new Error(`${member.name} serves with a revoked certificate`)
          await member.stop()
          member.configure(storeOf(`server-${member.sid}`, member.kind))
          await member.start()
          await ensemble.serving()
        }
        await failOver(ensemble, load)
      })
    )
  } finally {
    await ensemble.killAll()
    responder.close()
  }
}
