import type { AclEntry } from '../client/acl.ts'
import { Perm } from '../protocol/op-code.ts'
import type { Output } from './command.ts'

const LETTERS: readonly (readonly [string, number])[] = [
  ['c', Perm.create],
  ['d', Perm.delete],
  ['r', Perm.read],
  ['w', Perm.write],
  ['a', Perm.admin]
]

/**
 * Parses `scheme:id:perms,scheme:id:perms`; the id may have colons of its own. An entry of another form, and a letter that
 * is no permission, is told and left out.
 */
export function parseAcl(text: string, output: Output): AclEntry[] {
  const entries: AclEntry[] = []
  for (const part of splitList(text)) {
    const first = part.indexOf(':')
    const last = part.lastIndexOf(':')
    if (first === last) {
      output.err(`${part} does not have the form scheme:id:perm`)
      continue
    }
    const perms = parsePerms(part.slice(last + 1), output)
    entries.push({ perms, scheme: part.slice(0, first), id: part.slice(first + 1, last) })
  }
  return entries
}

/** The letters of the permissions, in upstream's order. */
export function formatPerms(perms: number): string {
  return LETTERS.filter(([, bit]) => (perms & bit) !== 0)
    .map(([letter]) => letter)
    .join('')
}

/** One entry as `getAcl` shows it: two lines. */
export function formatAclEntry(entry: AclEntry): string {
  return `'${entry.scheme},'${entry.id}\n: ${formatPerms(entry.perms)}`
}

/** As Java splits: empty parts at the end are left out, unless the text is empty altogether. */
function splitList(text: string): string[] {
  const list = text.replace(/,+$/, '')
  return list === '' && text !== '' ? [] : list.split(',')
}

function parsePerms(letters: string, output: Output): number {
  let perms = 0
  for (const letter of letters) {
    const known = LETTERS.find(([name]) => name === letter)
    if (known === undefined) output.err(`Unknown perm type: ${letter}`)
    else perms |= known[1]
  }
  return perms
}
