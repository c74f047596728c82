import { CliError } from '../cli-error.ts'
import type { CommandContext } from '../command.ts'
import { parseVersion } from '../number-argument.ts'
import { optionHelp } from '../option-help.ts'
import { type OptionSet, parseOptions } from '../option-parser.ts'
import { formatStat } from '../stat-text.ts'

const OPTIONS: OptionSet = {
  options: [
    { name: 's', hasValue: false, description: 'Print znode stats additionally' },
    { name: 'v', hasValue: true, description: 'Set with an expected version' },
    { name: 'b', hasValue: false, description: 'Supply data in base64 format' }
  ]
}
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

/** `set path data [-s] [-v version] [-b]`. */
export async function runSet(words: readonly string[], { client, output, usage, zone }: CommandContext): Promise<void> {
  const line = parseOptions(words, OPTIONS)
  const [, path, data] = line.args
  if (path === undefined || data === undefined) throw new CliError(`${usage}\n${optionHelp(OPTIONS.options)}`)
  const bytes = line.has('b') ? decodeBase64(data) : Buffer.from(data, 'utf8')
  const stat = await client().setData(path, bytes, parseVersion(line.value('v')))
  if (line.has('s')) output.out(formatStat(stat, zone()))
}

/** compat: upstream's shell dies of data that is not base64, with a stack trace and the same exit code. */
function decodeBase64(text: string): Buffer {
  if (!BASE64.test(text)) throw new CliError(`the data is not base64: "${text}"`)
  return Buffer.from(text, 'base64')
}
