/**
 * Whether two secrets are the same, in a time that depends on their lengths only: whoever tries may not learn from it how
 * much of a guess was right.
 */
export function isSameSecret(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length
  // Always as many rounds as the guess is long.
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0)
  return difference === 0
}
