import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ensemble } from '../harness/ensemble.ts'
import type { MemberPlan } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import type { Load } from '../mixed-ensemble/load.ts'
import { putInsideTls } from './inside-tls.ts'
import { failOver, roll, TIMEOUT_MS, underLoad, WRITES } from './life.ts'

export const REQUIRED = {
  'quorum.auth.enableSasl': 'true',
  'quorum.auth.learnerRequireSasl': 'true',
  'quorum.auth.serverRequireSasl': 'true',
  'quorum.cnxn.threads.size': '20'
}
const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required'

/** What one with a wrong password is told, or tells of itself, by each kind of server. */
const REFUSALS = { zoonode: /failed to authenticate itself/, apache: /Failed to authenticate using SASL/ } as const

/** Properties of servers of both kinds that find a JAAS file, written here. */
function jaasIn(folder: string): Record<string, string> {
  const file = join(folder, 'jaas.conf')
  const sections = [
    `QuorumServer { ${MODULE} user_member="of the ensemble" user_other="another"; };`,
    `QuorumLearner { ${MODULE} username="member" password="of the ensemble"; };`,
    `Intruder { ${MODULE} username="member" password="a guess"; };`
  ]
  writeFileSync(file, `${sections.join('\n')}\n`)
  return { 'java.security.auth.login.config': file, 'zookeeper.fips-mode': 'false' }
}

/** An ensemble whose members prove to each other who they are, perhaps inside of TLS. */
export async function runSasl(
  members: readonly MemberPlan[],
  leaderSid: number,
  hasTls: boolean,
  folder: string,
  attempt: Attempt
): Promise<void> {
  const ensemble = await Ensemble.plan(folder, { members, config: REQUIRED, properties: jaasIn(folder) })
  if (hasTls) putInsideTls(ensemble, folder)
  try {
    if (!(await attempt('starts', () => ensemble.startLedBy(leaderSid)))) return
    await attempt('serves, fails over, keeps a wrong password outside, and loses nothing', () =>
      underLoad(ensemble, async (load) => {
        await failOver(ensemble, load)
        await keepOut(ensemble, load, 'Intruder')
        await failOver(ensemble, load)
      })
    )
  } finally {
    await ensemble.killAll()
  }
}

/** As docs/security.md, and Apache's own documents, tell an operator: taken, then offered, then required. */
export async function runSwitchToSasl(members: readonly MemberPlan[], folder: string, attempt: Attempt): Promise<void> {
  const ensemble = await Ensemble.plan(folder, { members, properties: jaasIn(folder) })
  const steps = ['quorum.auth.enableSasl', 'quorum.auth.learnerRequireSasl', 'quorum.auth.serverRequireSasl']
  try {
    await ensemble.start()
    await attempt('a rolling switch to authenticated connections, under load, loses nothing', () =>
      underLoad(ensemble, async (load) => {
        for (const key of steps) await roll(ensemble, load, (member) => member.configure({ [key]: 'true' }))
        await failOver(ensemble, load)
      })
    )
  } finally {
    await ensemble.killAll()
  }
}

/** A follower comes back as somebody else, by another section of its JAAS file, which nobody else notices, and later as itself. */
export async function keepOut(ensemble: Ensemble, load: Load, section: string): Promise<void> {
  const leader = await ensemble.serving()
  // Who looks for a leader asks the voters.
  const [member, ...others] = ensemble.voters
  if (member === undefined || member === leader) throw new Error('server 1 leads, which has the lowest id')
  await member.stop()
  const lengths = new Map(others.map((one) => [one, one.log().length]))
  member.configure({ 'quorum.auth.learner.saslLoginContext': section })
  await member.start()
  await waitFor('a refusal in the logs of all other voters', TIMEOUT_MS, async () =>
    others.every((one) => REFUSALS[one.kind].test(one.log().slice(lengths.get(one) ?? 0))) ? true : null
  )
  await load.goesOn(WRITES, TIMEOUT_MS)
  if ((await member.mode()) !== null) throw new Error(`${member.name} serves as ${section}`)
  if ((await ensemble.leader()) !== leader) throw new Error('another server leads')
  await member.stop()
  member.configure({ 'quorum.auth.learner.saslLoginContext': null })
  await member.start()
  await ensemble.serving()
}
