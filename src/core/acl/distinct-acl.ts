import type { ACL } from '../../protocol/generated/data.ts'

/**
 * The list without exact repetitions, order kept; null where upstream's comparison would stumble over a null text, as it
 * compares each entry with the ones kept before it, field by field, until one differs.
 */
export function withoutDuplicates(acl: readonly ACL[]): readonly ACL[] | null {
  if (acl.length < 2) return acl
  const kept: ACL[] = []
  for (const entry of acl) {
    const comparison = compareWithKept(entry, kept)
    if (comparison === 'stumbles') return null
    if (comparison === 'differs') kept.push(entry)
  }
  return kept
}

type Comparison = 'equal' | 'differs' | 'stumbles'

function compareWithKept(entry: ACL, kept: readonly ACL[]): Comparison {
  for (const other of kept) {
    const comparison = compare(entry, other)
    if (comparison !== 'differs') return comparison
  }
  return 'differs'
}

function compare(entry: ACL, other: ACL): Comparison {
  if (entry.perms !== other.perms) return 'differs'
  if (entry.id.scheme === null) return 'stumbles'
  if (entry.id.scheme !== other.id.scheme) return 'differs'
  if (entry.id.id === null) return 'stumbles'
  return entry.id.id === other.id.id ? 'equal' : 'differs'
}
