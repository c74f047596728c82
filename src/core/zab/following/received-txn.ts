import { JuteError, JuteReader } from 'jute-ts'
import { toHex } from '../../../protocol/int64.ts'
import { OpCode } from '../../../protocol/op-code.ts'
import { decodeTxn, type Txn } from '../../../protocol/txn.ts'
import { TxnFormatError } from '../../../protocol/txn-format-error.ts'
import { ConfigTextError, parseConfigText } from '../membership/config-text.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { LeaveLeaderError } from './leave-leader-error.ts'

/** A transaction from the leader that can be logged and applied. */
export interface ReceivedTxn {
  readonly zxidHi: number
  readonly zxidLo: number
  /** A copy of what came. */
  readonly bytes: Buffer
  /** What it says; its buffers are views of `bytes`. */
  readonly txn: Txn
  readonly isReconfig: boolean
  /** The configuration that a reconfig brings in; null for others, and where configurations are not taken. */
  readonly config: EnsembleConfig | null
}

/**
 * Reads a transaction as PROPOSAL and INFORM carry it, to its end: once it is in the log it is applied at every start,
 * so it must be refused now or never.
 *
 * @throws LeaveLeaderError if it is none, or is not that of the packet's zxid
 */
export function receivedTxn(
  data: Buffer | null,
  zxidHi: number,
  zxidLo: number,
  reconfigEnabled: boolean
): ReceivedTxn {
  if (data === null) throw new LeaveLeaderError(`no transaction in the packet of zxid 0x${toHex(zxidHi, zxidLo)}`)
  const bytes = Buffer.from(data)
  const txn = decoded(bytes, zxidHi, zxidLo)
  const { header, body } = txn
  if (header.zxidHi !== zxidHi || header.zxidLo !== zxidLo) {
    const found = toHex(header.zxidHi, header.zxidLo)
    throw new LeaveLeaderError(`transaction 0x${found} in the packet of zxid 0x${toHex(zxidHi, zxidLo)}`)
  }
  const isReconfig = header.type === OpCode.reconfig && body.kind === 'setData'
  const config = isReconfig && reconfigEnabled ? configOf(body.data, zxidHi, zxidLo) : null
  return { zxidHi, zxidLo, bytes, txn, isReconfig, config }
}

function decoded(data: Buffer, zxidHi: number, zxidLo: number): Txn {
  try {
    return decodeTxn(new JuteReader(data, data.length))
  } catch (error) {
    if (!(error instanceof JuteError || error instanceof TxnFormatError)) throw error
    throw new LeaveLeaderError(`transaction 0x${toHex(zxidHi, zxidLo)} is malformed: ${error.message}`)
  }
}

function configOf(data: Uint8Array | null, zxidHi: number, zxidLo: number): EnsembleConfig {
  try {
    return parseConfigText(Buffer.from(data ?? []).toString('utf8'))
  } catch (error) {
    if (!(error instanceof ConfigTextError)) throw error
    throw new LeaveLeaderError(`the configuration of 0x${toHex(zxidHi, zxidLo)} cannot be read: ${error.message}`)
  }
}
