import { SNAPSHOT_SIGNATURE } from '../packet-type.ts'
import type { FollowingHost } from './following-host.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'

/** The ustring behind a snapshot stream. */
const SIGNATURE = signatureBytes()

/** The bytes between a SNAP packet and the next one: the snapshot stream, for the host, and the signature behind it. */
export class SnapshotIntake {
  readonly #host: FollowingHost
  /** Bytes of the signature that have come. */
  #signatureBytes = 0

  constructor(host: FollowingHost) {
    this.#host = host
  }

  /** Whether all of it has come. */
  get isDone(): boolean {
    return this.#signatureBytes === SIGNATURE.length
  }

  /**
   * Takes the next bytes.
   * @returns how many belonged to it
   * @throws LeaveLeaderError if they are no snapshot or end in another way
   */
  take(bytes: Buffer): number {
    let taken = this.#host.isSnapshotComplete ? 0 : this.#takeStream(bytes)
    while (taken < bytes.length && !this.isDone) {
      if (bytes[taken] !== SIGNATURE[this.#signatureBytes]) {
        throw new LeaveLeaderError('the snapshot from the leader does not end with its signature')
      }
      taken++
      this.#signatureBytes++
    }
    return taken
  }

  #takeStream(bytes: Buffer): number {
    try {
      return this.#host.takeSnapshot(bytes)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'SNAPSHOT_FORMAT')) throw error
      throw new LeaveLeaderError(`the snapshot from the leader is broken: ${error.message}`)
    }
  }
}

function signatureBytes(): Buffer {
  const bytes = Buffer.alloc(4 + SNAPSHOT_SIGNATURE.length)
  bytes.writeInt32BE(SNAPSHOT_SIGNATURE.length)
  bytes.write(SNAPSHOT_SIGNATURE, 4, 'latin1')
  return bytes
}
