import { JuteReader, JuteWriter } from 'jute-ts'
import type { LeadingHost, SnapshotSource } from '../../../../src/core/zab/leading/leading-host.ts'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { decodeQuorumPacket } from '../../../../src/protocol/generated/quorum.ts'
import { toHex } from '../../../../src/protocol/int64.ts'

const NAMES = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]))

/** Records what a `Leading` asks of its host; the tests give the answers. */
export class FakeHost implements LeadingHost {
  /** All calls but writes, as short texts, in order. */
  readonly calls: string[] = []
  readonly logged: string[] = []
  readonly closed = new Map<LinkId, string>()
  readonly awaited = new Set<LinkId>()
  readonly #writers = new Map<LinkId, JuteWriter>()
  lastProcessedHi = 0
  lastProcessedLo = 0
  validSession = true
  snapshot: (() => SnapshotSource | null) | null = null
  onEstablished: (() => void) | null = null

  linkWriter(link: LinkId): JuteWriter {
    const writer = this.#writers.get(link) ?? new JuteWriter()
    this.#writers.set(link, writer)
    return writer
  }

  awaitLinkDrained(link: LinkId): void {
    this.awaited.add(link)
  }

  closeLink(link: LinkId, reason: string): void {
    this.closed.set(link, reason)
  }

  setAcceptedEpoch(epoch: number): void {
    this.calls.push(`setAcceptedEpoch ${epoch}`)
  }

  setCurrentEpoch(epoch: number): void {
    this.calls.push(`setCurrentEpoch ${epoch}`)
  }

  established(epoch: number): void {
    this.calls.push(`established ${epoch}`)
    this.onEstablished?.()
  }

  committed(zxidHi: number, zxidLo: number): void {
    this.calls.push(`committed ${toHex(zxidHi, zxidLo)}`)
  }

  request(...[link, , sessionLo, cxid, type, body, ids]: Parameters<LeadingHost['request']>): void {
    const text = Buffer.from(body).toString('hex')
    this.calls.push(`request ${link} ${sessionLo} ${cxid} ${type} [${text}] ${ids.map((id) => id.id).join(',')}`)
  }

  revalidate(link: LinkId, _sessionHi: number, sessionLo: number, timeoutMs: number): boolean {
    this.calls.push(`revalidate ${link} ${sessionLo} ${timeoutMs}`)
    return this.validSession
  }

  touch(_sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.calls.push(`touch ${sessionLo} ${timeoutMs}`)
  }

  learnerGone(link: LinkId): void {
    this.calls.push(`learnerGone ${link}`)
  }

  openSnapshot(): SnapshotSource | null {
    return this.snapshot?.() ?? null
  }

  findInLog(request: number, zxidHi: number, zxidLo: number): void {
    this.calls.push(`findInLog ${request} ${toHex(zxidHi, zxidLo)}`)
  }

  readLog(request: number, afterHi: number, afterLo: number): void {
    this.calls.push(`readLog ${request} ${toHex(afterHi, afterLo)}`)
  }

  configurationSeen(config: EnsembleConfig): void {
    this.calls.push(`configurationSeen ${config.version.toString(16)}`)
  }

  configurationActivated(config: EnsembleConfig, designatedLeader: number): void {
    this.calls.push(`configurationActivated ${config.version.toString(16)} ${designatedLeader}`)
  }

  resign(reason: string): void {
    this.calls.push(`resign ${reason}`)
  }

  log(_level: string, message: string): void {
    this.logged.push(message)
  }

  /** Calls since the last time, those of no interest left out. */
  takeCalls(): string[] {
    return this.calls.splice(0)
  }

  /** What was written to the link since the last time. */
  takeBytes(link: LinkId): Buffer {
    const writer = this.linkWriter(link)
    const bytes = writer.copyBytes()
    writer.reset()
    return bytes
  }

  /** The same as packets: `name zxid` each, with the length of the data. */
  take(link: LinkId): string[] {
    const reader = new JuteReader(this.takeBytes(link))
    const packets: string[] = []
    while (reader.remaining > 0) {
      const { type, zxidHi, zxidLo, data } = decodeQuorumPacket(reader)
      const size = data === null ? '' : ` +${data.length}`
      packets.push(`${NAMES.get(type) ?? type} ${toHex(zxidHi, zxidLo)}${size}`)
    }
    return packets
  }
}

/** A snapshot stream from memory. */
export class MemorySnapshot implements SnapshotSource {
  readonly zxidHi: number
  readonly zxidLo: number
  readonly #body: Uint8Array
  #offset = 0
  isClosed = false

  constructor(zxidHi: number, zxidLo: number, body: Uint8Array) {
    this.zxidHi = zxidHi
    this.zxidLo = zxidLo
    this.#body = body
  }

  next(writer: JuteWriter, bytesMax: number): boolean {
    const end = Math.min(this.#body.length, this.#offset + bytesMax)
    writer.writeBytes(this.#body.subarray(this.#offset, end))
    this.#offset = end
    return end < this.#body.length
  }

  close(): void {
    this.isClosed = true
  }
}
