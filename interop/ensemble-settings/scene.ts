import { connect } from '../../src/client/index.ts'
import { Ensemble } from '../harness/ensemble.ts'
import type { Member, MemberPlan } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { waitFor } from '../harness/wait-for.ts'
import { tcpSockets } from './tcp-table.ts'

/** Notes what was seen of the server under test; the same name on either kind must have the same value. */
export type See = (name: string, value: string) => void

/** What an operator has set, or set wrong, and what comes of it. */
export interface Scene {
  readonly name: string
  /** It takes a few seconds at most. */
  readonly isQuick?: boolean
  /** What is seen of zoonode instead of what is seen of Apache's server, as docs/compatibility.md has it. */
  readonly differs?: Readonly<Record<string, string>>
  /** The server under test is of this kind; those beside it are the same for both. */
  run(kind: ServerKind, folder: string, see: See): Promise<void>
}

export const SHORT_TICKS = { tickTime: '500', initLimit: '20', syncLimit: '6' } as const
export const TICK_MS = 500
export const SETTLED_MS = 45_000

/** Three voters, of which one is under test; Apache's server and ours beside it, in the order of ids. */
export function trio(
  folder: string,
  kind: ServerKind,
  tested: number,
  config: Readonly<Record<string, string>> = {}
): Promise<Ensemble> {
  const beside: ServerKind[] = ['apache', 'zoonode']
  const members = [1, 2, 3].map((sid): MemberPlan => {
    return { sid, kind: sid === tested ? kind : (beside.shift() ?? 'zoonode'), role: 'participant' }
  })
  return Ensemble.plan(folder, { members, config })
}

/** Runs `act` with an ensemble, of which nothing is left afterwards. */
export async function withEnsemble<T>(ensemble: Ensemble, act: (ensemble: Ensemble) => Promise<T>): Promise<T> {
  try {
    return await act(ensemble)
  } finally {
    await ensemble.killAll()
  }
}

/**
 * Starts all members, that with the largest id first: with nothing in their logs, it is elected by whoever comes next.
 *
 * @param away members that are not started
 */
export async function startAll({ members }: Ensemble, away: readonly Member[] = []): Promise<void> {
  const started = members.filter((member) => !away.includes(member)).toSorted((a, b) => b.sid - a.sid)
  const [first, ...rest] = started
  await first?.start()
  if (first !== undefined) await electionPortOpens(first)
  await Promise.all(rest.map((member) => member.start()))
}

/** Starts a third voter where two serve. @returns what all said of themselves before it came */
export async function joinLast(ensemble: Ensemble, last: Member): Promise<string> {
  await startAll(ensemble, [last])
  const others = ensemble.members.filter((member) => member !== last)
  const [follower, leader] = others.map(({ sid }) => sid)
  await modesBecome(`${follower} follower, ${leader} leader`, others)
  const modes = await modesOf(ensemble.members)
  await last.start()
  return modes
}

/** Waits until a server takes part in elections. */
export async function electionPortOpens(member: Member): Promise<void> {
  const { electionPort } = member.address
  await waitFor(`the election port of ${member.name}`, SETTLED_MS, async () => {
    return tcpSockets().some(({ state, localPort }) => state === 'listening' && localPort === electionPort)
      ? true
      : null
  })
}

/** What the members say of themselves: `1 follower, 2 -, 3 leader`. */
export async function modesOf(members: readonly Member[]): Promise<string> {
  const modes = await Promise.all(members.map(async (member) => `${member.sid} ${(await member.mode()) ?? '-'}`))
  return modes.join(', ')
}

/** Waits until the members say this of themselves; if they never do, the last that they said. */
export async function modesBecome(wanted: string, members: readonly Member[], timeoutMs = SETTLED_MS): Promise<string> {
  let last = ''
  try {
    return await waitFor(wanted, timeoutMs, async () => {
      last = await modesOf(members)
      return last === wanted ? last : null
    })
  } catch {
    return last
  }
}

/** Has a znode made by a client that knows all members, and returns its path. */
export async function written(ensemble: Ensemble): Promise<string> {
  const zk = await connect(ensemble.connectString, { sessionTimeoutMs: SETTLED_MS })
  try {
    return await zk.create('/written')
  } finally {
    await zk.close()
  }
}

/**
 * A server of ours must have said what is wrong, in one line, and not have fallen over it.
 *
 * @throws Error with the end of its log
 */
export async function said(member: Member, what: RegExp): Promise<void> {
  if (member.kind !== 'zoonode') return
  await waitFor(`a line ${what} of ${member.name}`, SETTLED_MS, async () =>
    what.test(member.log()) ? true : null
  ).catch((error: Error) => {
    throw new Error(`${error.message}:\n${member.lastLines(15)}`)
  })
  const stack = /^\s+at .*$/m.exec(member.log())?.[0]
  if (stack !== undefined) throw new Error(`${member.name} logged a stack: ${stack}`)
}

/** How a server ended that could not start. */
export async function endOf(member: Member): Promise<string> {
  const timeout = waitFor('its end', SETTLED_MS, async () => (member.isRunning ? null : true)).then(
    () => null,
    () => 'still running'
  )
  return (await timeout) ?? `exit code ${await member.exitCode()}`
}
