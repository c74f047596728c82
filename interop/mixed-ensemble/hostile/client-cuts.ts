import { RawConnection } from '../../differential/wire/raw-connection.ts'
import { WireWriter } from '../../differential/wire/wire-writer.ts'
import type { Member } from '../../harness/member.ts'

/** All types of requests that go to the leader, and some that no server knows. */
export const WRITE_TYPES = [1, 2, 5, 7, 9, 13, 14, 15, 16, 19, 20, 21, -10, -11] as const
const HUGE = 0x7fffffff
export const UNKNOWN_TYPES = [0, 3, 4, 10, 23, 99, 108, -1, -2, -12, HUGE, -HUGE] as const

const ANSWER_TIMEOUT_MS = 30_000
/** Longest that a session may stand still behind a request that cannot be understood, on a machine that does other work too. */
const BEHIND_TIMEOUT_MS = 60_000
const SESSION_TIMEOUT_MS = 20_000
const SET_DATA = 5
const XID_CUT = 1
const XID_BEHIND = 2

/**
 * Requests of each type cut off at each place, each on a session of its own, with a good write right behind it.
 *
 * @param path of a znode that anybody may write
 * @throws Error if a session gets no answer to the good write, and is not thrown out either
 */
export async function sendCutsAsClient(member: Member, path: string): Promise<void> {
  for (const type of [...WRITE_TYPES.filter((one) => one > 0), ...UNKNOWN_TYPES]) {
    for (const body of cuts(type)) {
      if (!(await goesOnBehind(member, type, body, path))) {
        throw new Error(
          `${member.name} neither answers nor closes behind a request of type ${type}, ${body.length} bytes`
        )
      }
    }
  }
}

/** Beginnings of a body that would do for a create, and of others. */
export function cuts(type: number): Buffer[] {
  const acl = new WireWriter().int(1).int(31).blob('world').blob('anyone').take()
  const whole =
    type === 14
      ? new WireWriter().int(1).byte(0).int(-1).blob('/cut').blob('data').raw(acl).int(0).take()
      : new WireWriter().blob('/cut-off').blob('data').raw(acl).int(0).long(5n).take()
  const lengths = [0, 1, 3, 4, 7, whole.length >> 1, whole.length - 9, whole.length - 1]
  return lengths.map((length) => whole.subarray(0, Math.max(0, length)))
}

async function goesOnBehind(member: Member, type: number, body: Buffer, path: string): Promise<boolean> {
  const connection = await RawConnection.open(member.address.clientPort, member.address.host)
  const greeting = new WireWriter()
    .int(0)
    .long(0n)
    .int(SESSION_TIMEOUT_MS)
    .long(0n)
    .blob({ hex: '00'.repeat(16) })
    .byte(0)
    .take()
  connection.send(framed(greeting))
  await connection.waitUntil((frames) => frames.length > 0, ANSWER_TIMEOUT_MS)
  connection.takeFrames()
  const behind = new WireWriter().int(XID_BEHIND).int(SET_DATA).blob(path).blob('behind').int(-1).take()
  connection.send(Buffer.concat([framed(new WireWriter().int(XID_CUT).int(type).raw(body).take()), framed(behind)]))
  const isAnswer = (frame: Buffer): boolean => frame.length >= 4 && frame.readInt32BE(0) === XID_BEHIND
  const result = await connection.waitUntil((frames) => frames.some(isAnswer), BEHIND_TIMEOUT_MS)
  connection.drop()
  return result !== 'timeout'
}

function framed(payload: Buffer): Buffer {
  return new WireWriter().int(payload.length).raw(payload).take()
}
