import { helpText, parseShortOptions, type ToolOption } from '../short-options.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'
import { chopLog, dumpLog, recoverLog, type ToolkitParts } from './toolkit.ts'

const OPTIONS: readonly ToolOption[] = [
  { letter: 'h', name: 'help', value: null, description: 'Print help message' },
  {
    letter: 'r',
    name: 'recover',
    value: null,
    description: 'Recovery mode. Re-calculate CRC for broken entries.'
  },
  {
    letter: 'v',
    name: 'verbose',
    value: null,
    description: 'Be verbose in recovery mode: print all entries, not just fixed ones.'
  },
  {
    letter: 'd',
    name: 'dump',
    value: null,
    description: 'Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)'
  },
  {
    letter: 'y',
    name: 'yes',
    value: null,
    description: 'Non-interactive mode: repair all CRC errors without asking'
  },
  { letter: 'c', name: 'chop', value: null, description: 'Chop mode. Chop txn file to a zxid.' },
  { letter: 'z', name: 'zxid', value: 'arg', description: 'Used with chop. Zxid to which to chop.' }
]
const HELP = helpText('TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)', OPTIONS)
const EXIT_UNEXPECTED = 1

/** The command line of `zkTxnLogToolkit.sh`. @throws ToolError, StorageError */
export function txnLogToolkit(args: readonly string[], parts: ToolkitParts): void {
  const { out } = parts
  const options = parseOrHelp(args, out)
  if (options.has('help')) {
    out.write(HELP)
    return
  }
  const [path] = options.rest
  if (path === undefined) {
    out.write(HELP)
    throw new ToolError('a log file is needed', EXIT_UNEXPECTED)
  }
  const zxid = options.value('zxid')
  if (options.has('chop') && zxid !== undefined) chopLog(path, decodeLong(zxid), parts)
  else if (options.has('recover'))
    recoverLog(path, { isVerbose: options.has('verbose'), asksNobody: options.has('yes') }, parts)
  else dumpLog(path, parts)
}

function parseOrHelp(args: readonly string[], out: TextOutput) {
  try {
    return parseShortOptions(args, OPTIONS, EXIT_UNEXPECTED)
  } catch (error) {
    out.write(HELP)
    throw error
  }
}

/** As Java's `Long.decode`: decimal, `0x` or `#` for hexadecimal, a leading 0 for octal. */
function decodeLong(text: string): bigint {
  const [, hex, octal, decimal] = /^(?:(?:0[xX]|#)([0-9a-fA-F]{1,16})|0([0-7]+)|(\d{1,19}))$/.exec(text) ?? []
  if (hex !== undefined) return BigInt(`0x${hex}`)
  if (octal !== undefined) return BigInt(`0o${octal}`)
  if (decimal !== undefined) return BigInt(decimal)
  throw new ToolError(`${text} is no zxid`, EXIT_UNEXPECTED)
}
