import { JuteReader, JuteWriter } from 'jute-ts'
import type { SnapshotSource } from '../../../../src/core/zab/leading/leading-host.ts'
import type { ObserverMasterHost } from '../../../../src/core/zab/observer-master/observer-master-host.ts'
import { PacketType } from '../../../../src/core/zab/packet-type.ts'
import type { LinkId } from '../../../../src/core/zab/peer-link.ts'
import { decodeQuorumPacket, type QuorumPacket } from '../../../../src/protocol/generated/quorum.ts'
import { toHex } from '../../../../src/protocol/int64.ts'

const NAMES = new Map<number, string>(Object.entries(PacketType).map(([name, type]) => [type, name]))

/** Records what an `ObserverMaster` asks of the follower; the tests give the answers. */
export class FakeObserverMasterHost implements ObserverMasterHost {
  /** All calls but writes, as short texts, in order. */
  readonly calls: string[] = []
  readonly logged: string[] = []
  readonly closed = new Map<LinkId, string>()
  readonly #writers = new Map<LinkId, JuteWriter>()
  configVersion = 5n
  configText = Buffer.from('version=5')
  snapshot: SnapshotSource | null = null

  linkWriter(link: LinkId): JuteWriter {
    const writer = this.#writers.get(link) ?? new JuteWriter()
    this.#writers.set(link, writer)
    return writer
  }

  awaitLinkDrained(): void {
    // The tests say what is sent.
  }

  closeLink(link: LinkId, reason: string): void {
    this.closed.set(link, reason)
  }

  request(...[sessionHi, sessionLo, cxid, type, body, ids]: Parameters<ObserverMasterHost['request']>): void {
    const names = ids === null ? 'nobody' : ids.map(({ id }) => id).join()
    const text = Buffer.from(body).toString()
    this.calls.push(`request ${toHex(sessionHi, sessionLo)} ${cxid} ${type} [${text}] by ${names}`)
  }

  revalidate(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.calls.push(`revalidate ${toHex(sessionHi, sessionLo)} ${timeoutMs}`)
  }

  touch(sessionHi: number, sessionLo: number, timeoutMs: number): void {
    this.calls.push(`touch ${toHex(sessionHi, sessionLo)} ${timeoutMs}`)
  }

  openSnapshot(): SnapshotSource | null {
    return this.snapshot
  }

  findInLog(request: number, zxidHi: number, zxidLo: number): void {
    this.calls.push(`findInLog ${request} ${toHex(zxidHi, zxidLo)}`)
  }

  readLog(request: number, afterHi: number, afterLo: number): void {
    this.calls.push(`readLog ${request} ${toHex(afterHi, afterLo)}`)
  }

  log(_level: string, message: string): void {
    this.logged.push(message)
  }

  takeCalls(): string[] {
    return this.calls.splice(0)
  }

  /** Packets written to the link since the last time. */
  takePackets(link: LinkId): QuorumPacket[] {
    const writer = this.linkWriter(link)
    const reader = new JuteReader(writer.copyBytes())
    writer.reset()
    const packets: QuorumPacket[] = []
    while (reader.remaining > 0) packets.push(decodeQuorumPacket(reader))
    return packets
  }

  /** The same as texts: `name zxid [data]`. */
  take(link: LinkId): string[] {
    return this.takePackets(link).map(({ type, zxidHi, zxidLo, data }) => {
      const text = data === null ? '' : ` [${Buffer.from(data).toString('latin1')}]`
      return `${NAMES.get(type) ?? type} ${toHex(zxidHi, zxidLo)}${text}`
    })
  }
}
