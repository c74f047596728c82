import type { SaslHashes } from '../../sasl/hashes.ts'
import { isVerifierText, parseVerifier, type ScramVerifier, verifierOf } from '../../sasl/scram/verifier.ts'

/** Iterations for passwords that the configuration has in plain text; for users that are not there as well. */
const ITERATIONS = 4096
const SALT_SIZE_BYTES = 16

/** The users of a JAAS section, as the mechanisms with passwords want them. */
export class PasswordUsers {
  readonly #passwords = new Map<string, string>()
  readonly #verifiers = new Map<string, ScramVerifier>()

  /**
   * @param users         passwords, or SCRAM verifiers, by name
   * @param superPassword `zookeeper.SASLAuthenticationProvider.superPassword`: stands in for the password of the user
   *                      `super`, who must be among the users all the same
   * @param verifiesScram whether verifiers are wanted: each costs some milliseconds
   */
  constructor(
    users: ReadonlyMap<string, string>,
    superPassword: string | null,
    verifiesScram: boolean,
    hashes: SaslHashes,
    randomBytes: (size: number) => Uint8Array
  ) {
    for (const [user, configured] of users) {
      const value = user === 'super' && superPassword !== null ? superPassword : configured
      const verifier = isVerifierText(value) ? parseVerifier(value) : null
      if (verifier === null) this.#passwords.set(user, value)
      if (!verifiesScram) continue
      this.#verifiers.set(user, verifier ?? verifierOf(hashes, value, randomBytes(SALT_SIZE_BYTES), ITERATIONS))
    }
  }

  /** Null for a user that is not there, or of whom there is a verifier only. */
  passwordOf(user: string): string | null {
    return this.#passwords.get(user) ?? null
  }

  verifierOf(user: string): ScramVerifier | null {
    return this.#verifiers.get(user) ?? null
  }

  /** Iterations of a user that is not there: as many as others have. */
  get decoyIterations(): number {
    const [first] = this.#verifiers.values()
    return first?.iterations ?? ITERATIONS
  }
}
