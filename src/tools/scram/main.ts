import { randomBytes } from 'node:crypto'
import { nodeSaslHashes } from '../../sasl/node/hashes.ts'
import { formatVerifier, ITERATIONS_MAX, ITERATIONS_MIN, verifierOf } from '../../sasl/scram/verifier.ts'
import type { TextOutput } from '../text-output.ts'
import { ToolError } from '../tool-error.ts'

const EXIT_INVALID = 2
const SALT_SIZE_BYTES = 16
const DEFAULT_ITERATIONS = 4096

const USAGE = [
  'usage: zkScramVerifier.sh USER [ITERATIONS] < FILE',
  '       makes the line of a JAAS file for a user who logs in by SCRAM-SHA-256;',
  `       the password is the first line of standard input, ITERATIONS ${ITERATIONS_MIN} (the default) to ${ITERATIONS_MAX}`
].join('\n')

/**
 * `zkScramVerifier.sh USER [ITERATIONS]`: the verifier of a password, as an option of a JAAS file. The password comes by
 * standard input, as arguments can be seen by others.
 *
 * @throws ToolError
 */
export function scramVerifier(args: readonly string[], password: string, out: TextOutput): void {
  const [user, iterationsText = String(DEFAULT_ITERATIONS), ...more] = args
  const iterations = /^\d{1,7}$/.test(iterationsText) ? Number(iterationsText) : 0
  if (user === undefined || user === '' || user.startsWith('-') || more.length > 0)
    throw new ToolError(USAGE, EXIT_INVALID)
  if (iterations < ITERATIONS_MIN || iterations > ITERATIONS_MAX) throw new ToolError(USAGE, EXIT_INVALID)
  if (password === '') throw new ToolError('there is no password on standard input', EXIT_INVALID)
  const verifier = verifierOf(nodeSaslHashes, password, randomBytes(SALT_SIZE_BYTES), iterations)
  const name = `user_${user}`
  // What is no word for Java's reader must stand in quotes.
  const key = /^[A-Za-z0-9_$.*-]+$/.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`
  out.write(`${key}="${formatVerifier(verifier)}"\n`)
}
