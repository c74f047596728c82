import { parseProperties } from '../config/properties.ts'

/** Which keys of the main file a new configuration makes void. */
export interface VoidKeys {
  /** The server's own line gives its client port now. */
  readonly clientPort: boolean
  readonly secureClientPort: boolean
}

const MEMBERSHIP_KEYS = ['server.', 'group', 'weight', 'dynamicConfigFile', 'peerType']

/**
 * The text of the main configuration file after a reconfiguration: without the membership, and pointing at the dynamic
 * file. Each remaining setting is written as `key=value` on a line.
 *
 * compat: upstream does the same, but loses comments, the order of lines, and a level of backslashes each time.
 *
 * @throws PropertiesSyntaxError
 * @see QuorumPeerConfig.editStaticConfig
 */
export function editStaticConfig(text: string, dynamicFile: string, voidKeys: VoidKeys): string {
  const entries = new Map(parseProperties(text).map((entry) => [entry.line, entry]))
  const kept: string[] = []
  for (const [index, line] of text.split(/\r\n|\r|\n/).entries()) {
    const entry = entries.get(index + 1)
    if (entry === undefined) {
      if (/^[ \t\f]*[#!]/.test(line)) kept.push(line)
    } else if (!isVoid(entry.key.trim(), voidKeys)) {
      kept.push(`${escapeText(entry.key.trim(), /[\\=: ]/g)}=${escapeText(entry.value.trim(), /\\/g)}`)
    }
  }
  kept.push(`dynamicConfigFile=${escapeText(dynamicFile, /\\/g)}`)
  return `${kept.join('\n')}\n`
}

function isVoid(key: string, { clientPort, secureClientPort }: VoidKeys): boolean {
  if (MEMBERSHIP_KEYS.some((prefix) => key.startsWith(prefix))) return true
  return (clientPort && key.startsWith('clientPort')) || (secureClientPort && key.startsWith('secureClientPort'))
}

/** Such that reading it gives the text again; the characters that a line cannot hold are escaped by name. */
function escapeText(text: string, special: RegExp): string {
  return text
    .replace(special, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll('\f', '\\f')
}
