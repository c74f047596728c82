import { Ensemble, participants } from '../../harness/ensemble.ts'
import type { DataMove, Member } from '../../harness/member.ts'
import type { ServerKind } from '../../harness/server.ts'
import { waitFor } from '../../harness/wait-for.ts'
import { fill } from '../../import-export/content.ts'
import { divergence } from '../convergence.ts'
import { type Journal, Load } from '../load.ts'

export interface MigrationPlan {
  /** What becomes of the data directory when zoonode takes a place, and when Apache ZooKeeper takes it back. */
  readonly there: Extract<DataMove, 'clear' | 'keep'>
  readonly back: Extract<DataMove, 'clear' | 'export'>
}

export interface MigrationReport {
  readonly acknowledged: number
  readonly uncertain: number
  /** Longest time without an acknowledged write of any client, by step. */
  readonly gaps: readonly { readonly step: string; readonly longestGapMs: number }[]
}

/** Longest time without an acknowledged write that a step may cost: that of a fail-over, on a machine that does other work too. */
const GAP_MAX_MS = 20_000
const CLIENTS = 4
const WRITES_BETWEEN = 20
const TIMEOUT_MS = 60_000
/** A member is a follower in good standing when it is no further behind than this. */
const LAG_MAX = 50n

export interface MigrationWatch {
  /** Takes each step when it is done. */
  readonly progress: (line: string) => void
  /** Takes what clients and servers went through, as it happens. */
  readonly journal?: Journal
  /** System properties of all servers, for their log levels. */
  readonly properties?: Readonly<Record<string, string>>
}

/**
 * Moves a live ensemble of three from Apache ZooKeeper to zoonode and back, a server at a time, as docs/migration.md tells an operator
 * to, while clients write and check.
 *
 * @throws Error for anything acknowledged that is lost, any session that expires, any member that does not come back
 */
export async function migrateThereAndBack(
  plan: MigrationPlan,
  folder: string,
  { progress, journal = () => undefined, properties = {} }: MigrationWatch
): Promise<MigrationReport> {
  const ensemble = await Ensemble.plan(folder, { members: participants('apache', 'apache', 'apache'), properties })
  const load = new Load(ensemble.connectString, journal)
  const gaps: { step: string; longestGapMs: number }[] = []
  try {
    await ensemble.start()
    const [first] = ensemble.members
    if (first !== undefined) await fill(first.address.clientPort)
    await load.start(CLIENTS)
    for (const [kind, data] of [
      ['zoonode', plan.there],
      ['apache', plan.back]
    ] as const) {
      for (const member of await leaderLast(ensemble)) {
        load.resetGap()
        journal(`${member.name}, ${await member.mode()} at ${member.connectString}, is to be ${kind}`)
        await replace(ensemble, member, kind, data, journal)
        await load.goesOn(WRITES_BETWEEN, TIMEOUT_MS)
        const step = `server ${member.sid} is ${kind} now (data directory: ${data})`
        gaps.push({ step, longestGapMs: load.longestGapMs })
        progress(`${step}; longest time without an acknowledged write: ${Math.round(load.longestGapMs)} ms`)
        if (load.longestGapMs > GAP_MAX_MS)
          throw new Error(`a step may cost ${GAP_MAX_MS} ms without an acknowledged write`)
      }
    }
    const { acknowledged, uncertain } = await load.finish()
    const found = await divergence(ensemble)
    if (found !== null) throw new Error(found)
    return { acknowledged, uncertain, gaps }
  } finally {
    await load.close()
    await ensemble.killAll()
  }
}

/** The leader is replaced last: so there is one election on the way and not up to three. */
async function leaderLast(ensemble: Ensemble): Promise<Member[]> {
  const leader = await ensemble.nextLeader()
  return [...ensemble.members.filter((member) => member !== leader), leader]
}

/** Stops one member, lets the other kind take its place, and waits until it has what the leader has. */
async function replace(
  ensemble: Ensemble,
  member: Member,
  kind: ServerKind,
  data: DataMove,
  journal: Journal
): Promise<void> {
  await member.stop()
  journal(`${member.name} has stopped`)
  await member.replaceBy(kind, data)
  await member.start()
  journal(`${member.name} has been started`)
  const leader = await ensemble.serving(TIMEOUT_MS)
  journal(`all serve, ${leader.name} leads`)
  await waitFor(`${member.name} to catch up`, TIMEOUT_MS, async () => {
    const [own, leaders] = await Promise.all([member.zxid(), leader.zxid()])
    return own !== null && leaders !== null && own + LAG_MAX >= leaders ? true : null
  })
}
