import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ensemble } from '../harness/ensemble.ts'
import type { Member, MemberPlan } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import type { Attempt } from '../mixed-ensemble/attempts.ts'
import { TIMEOUT_MS, underLoad, WRITES } from './life.ts'

/** Two voters, each with an oracle of its own: each goes on alone in its turn, and the other one comes back. */
export async function runOracle(members: readonly MemberPlan[], folder: string, attempt: Attempt): Promise<void> {
  const ensemble = await Ensemble.plan(folder, { members })
  const fileOf = (member: Member): string => join(folder, `oracle-${member.sid}`)
  const grant = (to: Member | null): void => {
    for (const member of ensemble.members) writeFileSync(fileOf(member), member === to ? '1' : '0')
  }
  grant(null)
  for (const member of ensemble.members) member.configure({ oraclePath: fileOf(member) })
  try {
    await ensemble.start()
    await attempt(
      'each of two goes on alone by the word of its oracle, the other one comes back, and nothing is lost',
      () =>
        underLoad(ensemble, async (load) => {
          for (const survivor of ensemble.members) {
            const [other] = ensemble.members.filter((member) => member !== survivor)
            if (other === undefined) throw new Error('there is one member')
            await other.kill()
            grant(survivor)
            await waitFor(`${survivor.name} to lead`, TIMEOUT_MS, async () =>
              (await survivor.mode()) === 'leader' ? true : null
            )
            await load.goesOn(WRITES, TIMEOUT_MS)
            await other.start()
            await ensemble.serving(TIMEOUT_MS)
            await load.goesOn(WRITES, TIMEOUT_MS)
            grant(null)
          }
        })
    )
  } finally {
    await ensemble.killAll()
  }
}
