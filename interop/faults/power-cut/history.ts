/** A contiguous run of zxids of one epoch. */
export type ZxidRange = readonly [first: bigint, last: bigint]

/** All transactions that a server has had, as runs of zxids; what they contain follows from their zxids. */
export class History {
  readonly ranges: readonly ZxidRange[]

  constructor(ranges: readonly ZxidRange[] = []) {
    this.ranges = ranges
  }

  get lastZxid(): bigint {
    return this.ranges.at(-1)?.[1] ?? 0n
  }

  with(first: bigint, last: bigint): History {
    const tail = this.ranges.at(-1)
    if (tail !== undefined && tail[1] + 1n === first) return new History([...this.ranges.slice(0, -1), [tail[0], last]])
    return new History([...this.ranges, [first, last]])
  }

  /** Without what comes after `zxid`. */
  upTo(zxid: bigint): History {
    return new History(
      this.ranges.filter(([first]) => first <= zxid).map(([first, last]) => [first, last < zxid ? last : zxid])
    )
  }

  isPrefixOf(other: History): boolean {
    return this.toString() === other.upTo(this.lastZxid).toString()
  }

  toString(): string {
    return this.ranges.map(([first, last]) => `${first}-${last}`).join(',')
  }

  static parse(text: string): History {
    if (text === '') return new History()
    return new History(
      text.split(',').map((run): ZxidRange => {
        const [first, last] = run.split('-')
        if (first === undefined || last === undefined) throw new Error(`not a run of zxids: ${run}`)
        return [BigInt(first), BigInt(last)]
      })
    )
  }
}

/** A snapshot's content: the history up to it, then bytes to make it large. */
export function snapshotContent(history: History, paddingBytes: number): Buffer {
  const text = Buffer.from(history.toString())
  const content = Buffer.alloc(4 + text.length + paddingBytes, 0x5a)
  content.writeInt32BE(text.length)
  text.copy(content, 4)
  return content
}

export function historyOfSnapshot(content: Buffer): History {
  const length = content.readInt32BE()
  if (content.subarray(4 + length).some((byte) => byte !== 0x5a)) throw new Error('the snapshot has changed')
  return History.parse(content.toString('utf8', 4, 4 + length))
}
