import { Ensemble, participants } from '../../harness/ensemble.ts'
import { divergence } from '../convergence.ts'
import { Load } from '../load.ts'
import type { Tell } from '../scenario.ts'
import { ATTACKS, type Victims } from './attacks.ts'
import type { FalsePeer } from './false-peer.ts'

const CLIENTS = 3
const WRITES = 20
const GO_ON_TIMEOUT_MS = 15_000
/** Nobody's writes may stand still for longer, on a machine that does other work too. */
const GAP_MAX_MS = 10_000

/** An ensemble that clients write to, zoonode leading, with one attack after the other on its inner ports. */
export async function runHostile(folder: string, tell: Tell): Promise<void> {
  const ensemble = await Ensemble.plan(folder, { members: participants('apache', 'zoonode', 'zoonode') })
  const load = new Load(ensemble.connectString)
  const kept: FalsePeer[] = []
  const [apache, follower, leader] = [ensemble.member(1), ensemble.member(2), ensemble.member(3)]
  try {
    await ensemble.startLedBy(leader.sid)
    await load.start(CLIENTS)
    for (const attack of ATTACKS) {
      const problem = await attempt(async () => {
        const epoch = Number(((await leader.zxid()) ?? 0n) >> 32n)
        const victims: Victims = { leader, follower, apache, epoch }
        load.resetGap()
        kept.push(...(await attack.run(victims)))
        await load.goesOn(WRITES, GO_ON_TIMEOUT_MS)
        if (load.longestGapMs > GAP_MAX_MS) throw new Error(`no write for ${Math.round(load.longestGapMs)} ms`)
        if ((await leader.mode()) !== 'leader') throw new Error(`${leader.name} does not lead any more`)
        const now = Number(((await leader.zxid()) ?? 0n) >> 32n)
        if (now !== epoch) throw new Error(`the epoch went from ${epoch} to ${now}`)
      })
      tell(`hostile: ${attack.name}`, problem)
    }
    tell('hostile: nothing acknowledged is lost', await attempt(() => load.finish()))
    for (const peer of kept.splice(0)) peer.close()
    tell(
      'hostile: all members agree',
      await attempt(async () => {
        const found = await divergence(ensemble)
        if (found !== null) throw new Error(found)
      })
    )
  } catch (error) {
    tell('hostile: the scenario can run', error instanceof Error ? error.message : String(error))
  } finally {
    for (const peer of kept) peer.close()
    await load.close()
    await ensemble.killAll()
  }
}

async function attempt(act: () => Promise<unknown>): Promise<string | null> {
  try {
    await act()
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
