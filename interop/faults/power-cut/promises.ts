import { History } from './history.ts'

/**
 * What the workload says while it runs, a line each, and what follows from it: which histories a disk image may hold.
 *
 * - `base RANGES`: the storage was opened and held this; nothing else is promised yet
 * - `append FIRST LAST`, then `persisted LAST`
 * - `snapshot ZXID`: is in the catalogue
 * - `epoch NAME N`: is durable
 * - `truncating ZXID`, then `truncated ZXID` or `kept`
 * - `installing RANGES`, then `installed RANGES`
 */
interface Candidate {
  /** Must be there. */
  readonly acked: History
  /** May be there, in order. */
  readonly appended: History
}

export interface Found {
  readonly history: History
  readonly snapshotZxid: bigint
  readonly acceptedEpoch: number
  readonly currentEpoch: number
}

export class Promises {
  #candidates: Candidate[] = [{ acked: new History(), appended: new History() }]
  #snapshotZxid = 0n
  #epochs = { accepted: 0, current: 0 }
  #partialLine = ''

  /** Starts from what the workload will find. */
  begin({ history, snapshotZxid, acceptedEpoch, currentEpoch }: Found): void {
    this.#candidates = [{ acked: history, appended: history }]
    this.#snapshotZxid = snapshotZxid
    this.#epochs = { accepted: acceptedEpoch, current: currentEpoch }
  }

  /** Takes what was written to the file of lines, in pieces. */
  take(text: string): void {
    const lines = (this.#partialLine + text).split('\n')
    this.#partialLine = lines.pop() ?? ''
    for (const line of lines) this.#takeLine(line)
  }

  /** What is wrong with what was found on an image, or null. */
  problemWith(found: Found): string | null {
    const fits = this.#candidates.some(
      ({ acked, appended }) => acked.isPrefixOf(found.history) && found.history.isPrefixOf(appended)
    )
    if (!fits) return `found ${found.history}, promised ${this.#candidates.map(({ acked }) => acked).join(' or ')}`
    if (found.snapshotZxid < this.#snapshotZxid) return `snapshot ${found.snapshotZxid}, promised ${this.#snapshotZxid}`
    const { accepted, current } = this.#epochs
    if (found.acceptedEpoch < accepted) return `accepted epoch ${found.acceptedEpoch}, promised ${accepted}`
    if (found.currentEpoch < current) return `current epoch ${found.currentEpoch}, promised ${current}`
    return null
  }

  #takeLine(line: string): void {
    const [word, one = '', two = ''] = line.split(' ')
    const { acked, appended } = this.#now()
    switch (word) {
      case 'base':
        this.#candidates = [{ acked: History.parse(one), appended: History.parse(one) }]
        return
      case 'append':
        this.#candidates = [{ acked, appended: appended.with(BigInt(one), BigInt(two)) }]
        return
      case 'persisted':
        this.#candidates = [{ acked: appended.upTo(BigInt(one)), appended }]
        return
      case 'snapshot':
        this.#snapshotZxid = BigInt(one)
        return
      case 'epoch':
        if (one === 'accepted') this.#epochs.accepted = Number(two)
        else this.#epochs.current = Number(two)
        return
      case 'truncating': {
        const cut = acked.upTo(BigInt(one))
        this.#candidates = [
          { acked: cut, appended: cut },
          { acked, appended }
        ]
        this.#snapshotZxid = this.#snapshotZxid > cut.lastZxid ? 0n : this.#snapshotZxid
        return
      }
      case 'truncated':
        this.#candidates = this.#candidates.slice(0, 1)
        return
      case 'kept':
        this.#candidates = this.#candidates.slice(1)
        return
      case 'installing': {
        const installed = History.parse(one)
        this.#candidates = [
          { acked: installed, appended: installed },
          { acked, appended }
        ]
        this.#snapshotZxid = 0n
        return
      }
      case 'installed':
        this.#candidates = this.#candidates.slice(0, 1)
        this.#snapshotZxid = this.#now().acked.lastZxid
        return
      default:
        throw new Error(`unknown line of the workload: ${line}`)
    }
  }

  #now(): Candidate {
    const [first] = this.#candidates
    if (first === undefined) throw new Error('no history is possible')
    return first
  }
}
