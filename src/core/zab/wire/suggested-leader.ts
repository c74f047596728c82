import { highWordOfNumber, lowWordOfNumber } from '../../../protocol/int64.ts'

/** Data of COMMITANDACTIVATE: the sid of who leads now; INFORMANDACTIVATE has the transaction behind it. */
export function suggestedLeaderData(sid: number): Buffer {
  const data = Buffer.allocUnsafe(8)
  data.writeInt32BE(highWordOfNumber(sid), 0)
  data.writeInt32BE(lowWordOfNumber(sid), 4)
  return data
}
