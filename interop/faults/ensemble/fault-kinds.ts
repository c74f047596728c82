import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Member } from '../../harness/member.ts'
import type { Random } from '../power-cut/random.ts'
import type { Network } from './network.ts'

/** Whom a fault is for. */
export interface Scene {
  readonly victim: Member
  /** The victim and as many others as the kind takes. */
  readonly victims: readonly Member[]
  /** All but the victim, in any order. */
  readonly others: readonly Member[]
  readonly lastsMs: number
  readonly random: Random
  /** Null: nobody can be parted and no disk be filled. */
  readonly network: Network | null
}

export interface FaultKind {
  readonly name: string
  /** How often it is chosen, beside the others. */
  readonly weight: number
  readonly needsNetwork: boolean
  /** How many servers cannot take part meanwhile, the victim first. */
  readonly victimCount: number
  /** Apache's server ends when its disk is full. */
  readonly isForZoonodeOnly?: boolean
  /** Does it from its beginning to its end. */
  run(scene: Scene): Promise<void>
}

const LOOP_KILLS = 4
const LIFE_MS_MAX = 1_500
const FILLER_BYTES = 1 << 20
/** With writes of all clients on it, packets wait for a second and more. */
const SLOW_LINK_KBIT = 96

export const FAULT_KINDS: readonly FaultKind[] = [
  byProcess('kill -9', 4, 1, ({ victims, lastsMs }) => killed(victims, lastsMs)),
  byProcess('kill -9 of two', 2, 2, ({ victims, lastsMs }) => killed(victims, lastsMs)),
  byProcess('kill -9 of all', 1, Number.POSITIVE_INFINITY, ({ victims, lastsMs }) => killed(victims, lastsMs)),
  byProcess('kill -9 again and again', 2, 1, killLoop),
  byProcess('SIGTERM', 2, 1, ({ victims, lastsMs }) => stopped(victims, lastsMs)),
  byProcess('SIGSTOP', 3, 1, ({ victims, lastsMs }) => paused(victims, lastsMs)),
  byProcess('SIGSTOP of two', 1, 2, ({ victims, lastsMs }) => paused(victims, lastsMs)),
  byNetwork('alone', 3, ({ victim, others }) => others.flatMap((other) => bothWays(victim, other))),
  byNetwork('unheard', 2, ({ victim, others }) => others.map((other) => [victim, other])),
  byNetwork('deaf', 2, ({ victim, others }) => others.map((other) => [other, victim])),
  byNetwork('cut off from one other', 2, ({ victim, others }) =>
    others.slice(0, 1).flatMap((other) => bothWays(victim, other))
  ),
  byNetwork('deaf to one other', 1, ({ victim, others }) => others.slice(0, 1).map((other) => [other, victim])),
  {
    name: 'slow link',
    weight: 2,
    needsNetwork: true,
    victimCount: 1,
    run: async ({ victim, network, lastsMs }) => {
      network?.slowDown(victim.sid, SLOW_LINK_KBIT)
      await delay(lastsMs)
      network?.heal()
    }
  },
  {
    name: 'full disk',
    weight: 3,
    needsNetwork: true,
    victimCount: 1,
    isForZoonodeOnly: true,
    run: async ({ victim, lastsMs }) => {
      const filler = join(victim.dataFolder, 'filler')
      fill(filler)
      await delay(lastsMs)
      rmSync(filler)
    }
  }
]

function byProcess(name: string, weight: number, victimCount: number, run: FaultKind['run']): FaultKind {
  return { name, weight, needsNetwork: false, victimCount, run }
}

/** Packets of these pairs are lost, from the first to the second. */
function byNetwork(
  name: string,
  weight: number,
  cuts: (scene: Scene) => readonly (readonly [Member, Member])[]
): FaultKind {
  const run = async (scene: Scene): Promise<void> => {
    for (const [from, to] of cuts(scene)) scene.network?.cut(from.sid, to.sid)
    await delay(scene.lastsMs)
    scene.network?.heal()
  }
  return { name, weight, needsNetwork: true, victimCount: 1, run }
}

function bothWays(one: Member, other: Member): [Member, Member][] {
  return [
    [one, other],
    [other, one]
  ]
}

async function killed(victims: readonly Member[], lastsMs: number): Promise<void> {
  await Promise.all(victims.map((victim) => victim.kill()))
  await delay(lastsMs)
  await Promise.all(victims.map((victim) => victim.start()))
}

/** In order: a leader of ours hands its lead over. */
async function stopped(victims: readonly Member[], lastsMs: number): Promise<void> {
  await Promise.all(victims.map((victim) => victim.stop()))
  await delay(lastsMs)
  await Promise.all(victims.map((victim) => victim.start()))
}

/** Each time while it starts, elects or catches up. */
async function killLoop({ victim, random }: Scene): Promise<void> {
  for (let kill = 0; kill < LOOP_KILLS; kill++) {
    await victim.kill()
    await victim.start()
    await delay(random.below(LIFE_MS_MAX))
  }
  await killed([victim], 0)
}

async function paused(victims: readonly Member[], lastsMs: number): Promise<void> {
  for (const victim of victims) victim.pause()
  await delay(lastsMs)
  for (const victim of victims) victim.resume()
}

/** Writes until there is no room: in large pieces, then in small ones. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w')
  try {
    for (let sizeBytes = FILLER_BYTES; sizeBytes >= 1; ) {
      try {
        writeSync(descriptor, Buffer.alloc(sizeBytes, 1))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
        sizeBytes = Math.floor(sizeBytes / 16)
      }
    }
  } finally {
    closeSync(descriptor)
  }
}
