import { existsSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { toHex } from '../../protocol/int64.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { formatTxn, txnTimes } from './format-txn.ts'
import { type LogFile, openLogFile, type TxnGroup, zxidOf } from './log-file.ts'

/** What upstream's `TxnLogToolkit` does: dump, recover, chop; on its log files and on our segments. */

export interface ToolkitParts {
  readonly out: TextOutput
  readonly warn: (message: string) => void
  /** Asks the operator, and gives the answer; null when there is nobody to answer. */
  readonly ask: (question: string) => string | null
}

const EXIT_UNEXPECTED = 1
const EXIT_INVALID = 2

/** Prints all transactions; those whose checksum is wrong twice, the first time with a mark. @throws ToolError, StorageError */
export function dumpLog(path: string, parts: ToolkitParts): void {
  withLogFile(path, parts, (file) => {
    const printer = new Printer(file, parts.out)
    for (const group of file.groups()) {
      if (!group.isChecksumRight) printer.print(group, 'CRC ERROR')
      printer.print(group, null)
      printer.count(group)
    }
    printer.end()
  })
}

/**
 * Copies the file to `PATH.fixed`, with the right checksum wherever the operator wants it to be made.
 *
 * @throws ToolError, StorageError
 */
export function recoverLog(
  path: string,
  options: { readonly isVerbose: boolean; readonly asksNobody: boolean },
  parts: ToolkitParts
): void {
  const target = `${path}.fixed`
  withLogFile(path, parts, (file) => {
    if (existsSync(target)) {
      throw new ToolError(`Recovery file ${target} already exists or not writable`, EXIT_UNEXPECTED)
    }
    const copy = file.copyTo(target)
    const printer = new Printer(file, parts.out)
    let fixedCount = 0
    try {
      for (const group of file.groups()) {
        if (!group.isChecksumRight) printer.print(group, options.asksNobody ? 'CRC FIXED' : 'CRC ERROR')
        const isFixed = !group.isChecksumRight && (options.asksNobody || isToBeFixed(parts.ask))
        if (isFixed) fixedCount++
        if (options.isVerbose) printer.print(group, null)
        copy.add(group, isFixed ? 'made right' : 'as it is')
        printer.count(group)
      }
      copy.finish()
    } catch (error) {
      copy.abandon()
      rmSync(target, { force: true })
      throw error
    }
    printer.end()
    parts.out.write(`Recovery file ${target} has been written with ${fixedCount} fixed CRC error(s)\n`)
  })
}

/**
 * Copies what is not behind `zxid` to `PATH.choppedZXID`. The zxid must be in the file, and not be its last.
 *
 * @throws ToolError, StorageError; nothing is left then
 */
export function chopLog(path: string, zxid: bigint, parts: ToolkitParts): void {
  const target = `${path}.chopped${zxid}`
  const { out } = parts
  withLogFile(path, parts, (file) => {
    if (existsSync(target)) throw new ToolError(`${target} is there already`, EXIT_UNEXPECTED)
    out.write(`${file.title}\n`)
    const copy = file.copyTo(target)
    try {
      const count = copyUpTo(file, zxid, (group) => copy.addUpTo(group, zxid), out)
      copy.finish()
      out.write(`Chopping at ${zxid.toString(16)} new log has ${count} records\n`)
    } catch (error) {
      copy.abandon()
      rmSync(target, { force: true })
      if (error instanceof ToolError) out.write(`Got exception: Failed to chop ${basename(path)}\n`)
      throw error
    }
  })
}

function copyUpTo(file: LogFile, zxid: bigint, add: (group: TxnGroup) => void, out: TextOutput): number {
  let count = 0
  let previous: bigint | null = null
  let isThere = false
  for (const group of file.groups()) {
    if (!group.isChecksumRight) throw chopError(`the checksum of ${zxidText(group)} is wrong`)
    for (const txn of group.txns) {
      const at = zxidOf(txn)
      reportGap(previous, at, out)
      previous = at
      if (at <= zxid) count++
      if (at === zxid) isThere = true
      if (at <= zxid) continue
      if (!isThere) {
        out.write(`This log does not contain zxid ${zxid.toString(16)}\n`)
        throw chopError('there is no transaction with that zxid')
      }
      add(group)
      return count
    }
    add(group)
  }
  out.write(`EOF reached after ${count} txns.\n`)
  throw chopError('nothing is behind that zxid')
}

function chopError(why: string): ToolError {
  return new ToolError(`Failed to chop: ${why}`, EXIT_INVALID)
}

function zxidText({ txns: [first] }: TxnGroup): string {
  return first === undefined ? 'an empty row' : `0x${zxidOf(first).toString(16)}`
}

/** Within an epoch one follows the other; an epoch begins with 1. */
function reportGap(previous: bigint | null, zxid: bigint, out: TextOutput): void {
  if (previous === null || zxid === previous + 1n) return
  const isSameEpoch = previous >> 32n === zxid >> 32n
  if (!isSameEpoch && (zxid & 0xffffffffn) === 1n) return
  out.write(
    `There is ${isSameEpoch ? 'intra' : 'inter'}-epoch gap between ${previous.toString(16)} and ${zxid.toString(16)}\n`
  )
}

function isToBeFixed(ask: ToolkitParts['ask']): boolean {
  for (;;) {
    const answer = ask('Would you like to fix it (Yes/No/Abort) ? ')
    if (answer === null) throw new ToolError('nobody answered: nothing was written; -y answers yes', EXIT_UNEXPECTED)
    const [letter] = answer.trim().toUpperCase()
    if (letter === 'Y') return true
    if (letter === 'N') return false
    if (letter === 'A') throw new ToolError('Recovery aborted.', 0)
  }
}

function withLogFile(path: string, { warn }: ToolkitParts, use: (file: LogFile) => void): void {
  const file = openLogFile(path, warn)
  try {
    use(file)
  } finally {
    file.close()
  }
}

class Printer {
  readonly #out: TextOutput
  readonly #times = txnTimes()
  #txnCount = 0

  constructor(file: LogFile, out: TextOutput) {
    this.#out = out
    out.write(`${file.title}\n`)
  }

  print({ txns }: TxnGroup, mark: string | null): void {
    for (const txn of txns) this.#out.write(`${mark === null ? '' : `${mark} - `}${this.#text(txn)}`)
  }

  count({ txns }: TxnGroup): void {
    this.#txnCount += txns.length
  }

  end(): void {
    this.#out.write(`EOF reached after ${this.#txnCount} txns.\n`)
  }

  /** What cannot be read is no reason to stop: what follows may be whole. */
  #text(txn: Uint8Array): string {
    try {
      return formatTxn(txn, this.#times)
    } catch (error) {
      const bytes = Buffer.from(txn.buffer, txn.byteOffset, txn.length)
      const zxid = bytes.length < 20 ? '?' : `0x${toHex(bytes.readInt32BE(12), bytes.readInt32BE(16))}`
      return `zxid ${zxid}: ${bytes.length} bytes that are no transaction: ${String(error)}\n`
    }
  }
}
