import { connect } from '../../src/client/index.ts'
import type { Ensemble } from '../harness/ensemble.ts'
import type { Member } from '../harness/member.ts'
import { waitFor } from '../harness/wait-for.ts'
import { difference, viewOf } from '../import-export/view.ts'

/** Servers keep the digest of each zxid that this divides. */
const DIGEST_INTERVAL = 128
const NOTHING_COMPARED = 'no digest was kept by all members'
const ATTEMPT_COUNT_MAX = 3
const PROBE = '/digest-probe'
const CATCH_UP_TIMEOUT_MS = 60_000
const SETTLE_TIMEOUT_MS = 60_000
/** What Apache's server logs when a transaction made its tree another than the leader's. */
const APACHE_COMPLAINTS = /^.*(?:Digests are not matching|First digest mismatch|digest mismatch).*$/im
/**
 * What an Apache server logs while it takes a snapshot from a leader of its kind. That has parts of later transactions in it, which
 * are applied again before NEWLEADER, with digests that cannot agree until all of them have been.
 */
const FUZZY_SYNCHRONISATION = /Getting a snapshot from leader.*?Learner received NEWLEADER message/gs
/**
 * What an Apache server logs that leaves its role while commits wait: it brings its tree to the end of its log, and the thread that applies commits
 * is not waited for, so that a transaction may be applied by both. From then on its digest may be wrong until the znode is written again.
 */
const COMMITS_DURING_SHUTDOWN =
  /shutdown of request processor complete(?:(?!CommitProcessor exited loop!).)*Digests are not matching.*/s
const OUR_COMPLAINTS = /^.*tree digest.*, but the tree.*$/im

/**
 * Compares all members with each other, with no client writing: znodes with Stats and ACLs as clients of each see them, zxids, digests.
 *
 * @returns what differs, or null
 */
export async function divergence(ensemble: Ensemble): Promise<string | null> {
  await writePastDigest(ensemble)
  await sameZxid(ensemble)
  const endMs = performance.now() + SETTLE_TIMEOUT_MS
  // Trees are read one after the other, and a session may expire meanwhile: a difference counts if it stays.
  let found = await treeDifference(ensemble)
  while (found !== null && performance.now() < endMs) found = await treeDifference(ensemble)
  if (found !== null) return found
  await sameZxid(ensemble)
  let digests = await digestLogDifference(ensemble.members)
  // A member that was only just being given up for lost takes a snapshot, and has none of what was before that.
  for (let attempt = 1; digests === NOTHING_COMPARED && attempt < ATTEMPT_COUNT_MAX; attempt++) {
    await writePastDigest(ensemble)
    await sameZxid(ensemble)
    digests = await digestLogDifference(ensemble.members)
  }
  return digests ?? (await complaint(ensemble.members))
}

async function treeDifference(ensemble: Ensemble): Promise<string | null> {
  const [first, ...others] = ensemble.members
  if (first === undefined) throw new Error('there is no member')
  const reference = await viewOf(first.address.clientPort, first.address.host)
  for (const member of others) {
    const found = difference(reference, await viewOf(member.address.clientPort, member.address.host))
    if (found !== null) return `${member.name} differs from ${first.name}: ${found}`
  }
  return null
}

/** Waits until all members have the same last zxid, and returns it. */
export async function sameZxid(ensemble: Ensemble): Promise<bigint> {
  let seen = ''
  try {
    return await waitFor('the same zxid everywhere', CATCH_UP_TIMEOUT_MS, async () => {
      const zxids = await Promise.all(ensemble.members.map((member) => member.zxid()))
      seen = ensemble.members.map((member, index) => `${member.name}: ${zxids[index]?.toString(16)}`).join(', ')
      const [first] = zxids
      return first !== null && first !== undefined && zxids.every((zxid) => zxid === first) ? first : null
    })
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}: ${seen}`)
  }
}

/** Enough writes for one of them to have a zxid of which each member keeps the digest. */
async function writePastDigest(ensemble: Ensemble): Promise<void> {
  const zk = await connect(ensemble.connectString)
  await zk.create(PROBE)
  await Promise.all(Array.from({ length: DIGEST_INTERVAL }, () => zk.setData(PROBE, null)))
  await zk.delete(PROBE)
  await zk.close()
}

/** The `hash` word: digests at zxids that {@link DIGEST_INTERVAL} divides. The last of them is compared by all members. */
async function digestLogDifference(members: readonly Member[]): Promise<string | null> {
  const known = new Map<string, { digest: string; by: Member[] }>()
  for (const member of members) {
    for (const [, zxid, digest] of ((await member.ask('hash')) ?? '').matchAll(/^([0-9a-f]+): (-?\d+)$/gm)) {
      if (zxid === undefined || digest === undefined) continue
      const others = known.get(zxid) ?? { digest, by: [] }
      if (others.digest !== digest) {
        return `digest at ${zxid}: ${digest} on ${member.name}, ${others.digest} on ${others.by[0]?.name}`
      }
      known.set(zxid, { digest, by: [...others.by, member] })
    }
  }
  const isCompared = [...known.values()].some(({ by }) => by.length === members.length)
  return isCompared ? null : NOTHING_COMPARED
}

async function complaint(members: readonly Member[]): Promise<string | null> {
  for (const member of members) {
    const log = member.log()
    const isAmongApaches = members.some((other) => other !== member && other.kind === 'apache')
    const judged = member.kind === 'apache' ? withoutOwnFaults(log, isAmongApaches) : log
    const line = (member.kind === 'apache' ? APACHE_COMPLAINTS : OUR_COMPLAINTS).exec(judged)?.[0]
    if (line !== undefined) return `${member.name}: ${line}`
    if (member.kind === 'apache' && APACHE_COMPLAINTS.test(log)) continue // which is counted, too
    const mntr = (await member.ask('mntr')) ?? ''
    const count = /^zk_digest_mismatches_count\t(\d+)/m.exec(mntr)?.[1]
    if (count !== '0') return `${member.name}: zk_digest_mismatches_count is ${count}`
  }
  return null
}

/** The log of an Apache server without mismatches that it makes itself. Whether its tree is right in the end is seen by comparing. */
function withoutOwnFaults(log: string, isAmongApaches: boolean): string {
  const own = log.replace(COMMITS_DURING_SHUTDOWN, '')
  return isAmongApaches ? own.replaceAll(FUZZY_SYNCHRONISATION, '') : own
}
