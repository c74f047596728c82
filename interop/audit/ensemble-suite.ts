import { join } from 'node:path'
import { Side } from '../differential/side.ts'
import { Ensemble, participants } from '../harness/ensemble.ts'
import { mavenClassPath } from '../harness/java.ts'
import type { Member } from '../harness/member.ts'
import { buildZoonode, type ServerKind } from '../harness/server.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import { readAuditLines, SessionNames } from './audit-lines.ts'
import { AUDIT_CASES, connect, fence } from './cases.ts'

const LINE_TIMEOUT_MS = 60_000
const LEADER = 3

/** Upstream's learners do not answer a request that they cannot read, nor any after it. */
const CASES = AUDIT_CASES.filter(({ name }) => name !== 'bodies that cannot be read')

/** Where the client is. */
interface Place {
  readonly name: string
  readonly sid: number
}

const PLACES: readonly Place[] = [
  { name: 'follower', sid: 1 },
  { name: 'leader', sid: LEADER },
  { name: 'observer', sid: 4 }
]

/** What each case wrote where the client is, and what all of them wrote on the other members. */
type Lines = ReadonlyMap<string, string>

/**
 * The audit logs of all members of an ensemble after the same requests to one of them: the lines of each are the same on
 * ensembles of Apache's servers, on ours, and where one of ours follows Apache's or leads them.
 */
export const auditEnsembleSuite: Suite = {
  name: 'audit-ensemble',
  isQuick: false,
  settings: {},
  startsOwnServers: true,
  async prepare() {
    await buildZoonode()
    await mavenClassPath('java')
  },
  async run(run) {
    for (const place of PLACES) {
      const theirs = await linesOf(run, place, ['apache', 'apache', 'apache', 'apache'])
      const mixed: ServerKind[] = ['apache', 'apache', 'apache', 'apache']
      mixed[place.sid - 1] = 'zoonode'
      for (const kinds of [mixed, ['zoonode', 'zoonode', 'zoonode', 'zoonode'] as const]) {
        const ours = await linesOf(run, place, kinds)
        for (const [name, expected] of theirs) {
          const observed = ours.get(name) ?? '(nothing)'
          const isSame = observed === expected
          run.record({
            name: `at a ${place.name}, ${kinds.join(' ')}: ${name}`,
            status: isSame ? 'passed' : 'failed',
            detail: isSame ? '' : difference(expected, observed),
            observed: null
          })
        }
      }
    }
  }
}

async function linesOf(run: SuiteRun, place: Place, kinds: readonly ServerKind[]): Promise<Lines> {
  const members = participants(...kinds.slice(0, LEADER)).concat({
    sid: 4,
    kind: kinds[3] ?? 'zoonode',
    role: 'observer'
  })
  const folder = join(run.folder, `${place.name}-${kinds.map((kind) => kind.slice(0, 1)).join('')}`)
  const ensemble = await Ensemble.plan(folder, { members, config: { 'audit.enable': 'true' } })
  try {
    await ensemble.startLedBy(LEADER)
    return await runCases(ensemble, ensemble.member(place.sid))
  } finally {
    await ensemble.killAll()
  }
}

async function runCases(ensemble: Ensemble, asked: Member): Promise<Lines> {
  const names = new SessionNames()
  const normal = (lines: readonly string[]): string => lines.map((line) => names.normalise(line)).join('\n')
  const lines = new Map<string, string>()
  const others = ensemble.members.filter((member) => member !== asked)
  const before = new Map(ensemble.members.map((member) => [member, readAuditLines(member).length]))
  const side = new Side(asked.kind, asked.address.clientPort)
  await side.run(connect(0, 0))
  for (const [number, one] of CASES.entries()) {
    const from = readAuditLines(asked).length
    for (const step of [...one.steps, fence(number)]) await side.run(step)
    const isFence = (line: string): boolean => line.includes(`znode=/fence-${number}\t`)
    await waitFor(`the last line of "${one.name}"`, LINE_TIMEOUT_MS, async () =>
      readAuditLines(asked).some(isFence) ? true : null
    )
    const written = readAuditLines(asked).slice(from)
    lines.set(one.name, normal(written.slice(0, written.findIndex(isFence))))
  }
  side.dropAll()
  // A stop is the last line of each, so nothing can come after it.
  for (const member of others) await member.stop()
  for (const member of others) {
    const written = readAuditLines(member).slice(before.get(member))
    lines.set(`the log of server ${member.sid}`, normal(written))
  }
  return lines
}

/** The first line in which two logs differ. */
function difference(expected: string, observed: string): string {
  const [theirs, ours] = [expected.split('\n'), observed.split('\n')]
  const at = theirs.findIndex((line, index) => line !== ours[index])
  const index = at < 0 ? theirs.length : at
  return `Apache: ${theirs[index] ?? '(no more)'} | here: ${ours[index] ?? '(no more)'}`
}
