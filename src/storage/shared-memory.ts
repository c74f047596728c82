/**
 * The one SharedArrayBuffer between the main thread and the log thread: control words, live counters, and the ring.
 *
 * | offset | size     | what                                                         |
 * |--------|----------|--------------------------------------------------------------|
 * | 0      | 64       | 16 control words (int32), see `ControlWord`                  |
 * | 64     | 192      | 24 counters (float64), see `CounterSlot`; the log thread's    |
 * | 256    | capacity | the ring, a power of two                                     |
 */

const CONTROL_BYTES = 64
const COUNTER_BYTES = 192
const RING_OFFSET = CONTROL_BYTES + COUNTER_BYTES

export const ControlWord = {
  /** Bytes ever put into the ring, modulo 2^32; written by the main thread, waited on by the log thread. */
  head: 0,
  /** Bytes ever taken out, modulo 2^32; written by the log thread. */
  tail: 1,
  /** Bytes of large bodies that the log thread is done with, modulo 2^32. */
  largeBytesDone: 2,
  /** 1: the main thread gives up waiting for room on the disk; the log thread stops retrying. */
  giveUp: 3,
  /** Transactions ever put into the ring, modulo 2^32; written by the main thread, ahead of `head`. */
  txns: 4
} as const

export const CounterSlot = {
  commits: 0,
  txns: 1,
  bytes: 2,
  commitNanos: 3,
  lastCommitMs: 4,
  maxCommitMs: 5,
  lastCommitTxns: 6,
  checkpoints: 7,
  checkpointNanos: 8,
  rolls: 9,
  diskFullRetries: 10
} as const

/** Default size of the ring, all of which is in use sooner or later. What does not fit waits at the caller. */
export const RING_BYTES_DEFAULT = 2 * 1024 * 1024

export interface SharedMemory {
  readonly buffer: SharedArrayBuffer
  readonly control: Int32Array
  readonly counters: Float64Array
  readonly ringBytes: number
  readonly bytes: Uint8Array
  readonly view: DataView
}

/** @param ringBytes a power of two, at least 64 KiB */
export function makeSharedMemory(ringBytes: number): SharedMemory {
  if (ringBytes < 65_536 || ringBytes > 2 ** 30 || (ringBytes & (ringBytes - 1)) !== 0) {
    throw new RangeError(`the size of the ring must be a power of two from 65536 to 2^30, not ${ringBytes}`)
  }
  return openSharedMemory(new SharedArrayBuffer(RING_OFFSET + ringBytes))
}

/** The same memory, seen from the other thread. */
export function openSharedMemory(buffer: SharedArrayBuffer): SharedMemory {
  const ringBytes = buffer.byteLength - RING_OFFSET
  return {
    buffer,
    control: new Int32Array(buffer, 0, CONTROL_BYTES / 4),
    counters: new Float64Array(buffer, CONTROL_BYTES, COUNTER_BYTES / 8),
    ringBytes,
    bytes: new Uint8Array(buffer, RING_OFFSET, ringBytes),
    view: new DataView(buffer, RING_OFFSET, ringBytes)
  }
}
