import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Ensemble } from '../../harness/ensemble.ts'
import type { Member } from '../../harness/member.ts'
import type { Random } from '../power-cut/random.ts'
import type { Network } from './network.ts'

export interface Faults {
  /** Does one fault from its beginning to its end, and says which. */
  next(): Promise<string>
}

const SHORTEST_MS = 500
const LONGEST_MS = 5_000
const FILLER_BYTES = 1 << 20

/** Faults of an ensemble, each from the seed as far as a busy machine lets it. */
export class RandomFaults implements Faults {
  readonly #ensemble: Ensemble
  readonly #random: Random
  /** Null: nobody can be parted and no disk be filled. */
  readonly #network: Network | null

  constructor(ensemble: Ensemble, random: Random, network: Network | null) {
    this.#ensemble = ensemble
    this.#random = random
    this.#network = network
  }

  async next(): Promise<string> {
    const lastsMs = SHORTEST_MS + this.#random.below(LONGEST_MS - SHORTEST_MS)
    const kind = this.#random.below(this.#network === null ? 5 : 10)
    const members = this.#shuffled()
    const leader = await this.#ensemble.leader()
    const [one, two, three] =
      leader !== null && this.#random.chance(0.5) ? [leader, ...members.filter((member) => member !== leader)] : members
    if (one === undefined || two === undefined || three === undefined) throw new Error('an ensemble of three is needed')
    switch (kind) {
      case 0:
      case 1:
        return this.#kill([one], lastsMs)
      case 2:
        return this.#kill([one, two], lastsMs)
      case 3:
        return this.#random.chance(0.3) ? this.#kill(members, lastsMs) : this.#pause([one, two], lastsMs)
      case 4:
        return this.#pause([one], lastsMs)
      case 5:
      case 6:
        return this.#part(
          [
            [one, two],
            [one, three],
            [two, one],
            [three, one]
          ],
          `${nameOf(one, leader)} alone`,
          lastsMs
        )
      case 7:
        return this.#part(
          [
            [one, two],
            [one, three]
          ],
          `${nameOf(one, leader)} unheard`,
          lastsMs
        )
      case 8:
        return this.#part([[two, one]], `${nameOf(one, leader)} deaf to ${nameOf(two, leader)}`, lastsMs)
      default:
        // Apache's server ends when its disk is full.
        return this.#fillDisk(members.find((member) => member.kind === 'zoonode') ?? one, lastsMs)
    }
  }

  async #kill(victims: readonly Member[], lastsMs: number): Promise<string> {
    const leader = await this.#ensemble.leader()
    await Promise.all(victims.map((victim) => victim.kill()))
    await delay(lastsMs)
    await Promise.all(victims.map((victim) => victim.start()))
    return `kill -9 of ${victims.map((victim) => nameOf(victim, leader)).join(', ')}`
  }

  async #pause(victims: readonly Member[], lastsMs: number): Promise<string> {
    for (const victim of victims) victim.pause()
    await delay(lastsMs)
    for (const victim of victims) victim.resume()
    return `SIGSTOP of ${victims.map((victim) => victim.name).join(', ')} for ${lastsMs} ms`
  }

  async #part(cuts: readonly (readonly [Member, Member])[], what: string, lastsMs: number): Promise<string> {
    for (const [from, to] of cuts) this.#network?.cut(from.sid, to.sid)
    await delay(lastsMs)
    this.#network?.heal()
    return `${what} for ${lastsMs} ms`
  }

  async #fillDisk(victim: Member, lastsMs: number): Promise<string> {
    const filler = join(victim.dataFolder, 'filler')
    fill(filler)
    await delay(lastsMs)
    rmSync(filler)
    return `full disk of ${victim.name} for ${lastsMs} ms`
  }

  #shuffled(): Member[] {
    const members = [...this.#ensemble.members]
    for (let index = members.length - 1; index > 0; index--) {
      const other = this.#random.below(index + 1)
      const [one, two] = [members[index], members[other]]
      if (one !== undefined && two !== undefined) {
        members[index] = two
        members[other] = one
      }
    }
    return members
  }
}

function nameOf(member: Member, leader: Member | null): string {
  return member === leader ? `the leader, ${member.name},` : member.name
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
