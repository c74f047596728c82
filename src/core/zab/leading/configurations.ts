import { formatConfigText } from '../membership/config-text.ts'
import type { EnsembleConfig } from '../membership/ensemble-config.ts'
import { Electorate } from '../quorum/electorate.ts'
import type { LoneVoter } from '../quorum/oracle.ts'
import type { QuorumVerifier } from '../quorum/quorum-verifier.ts'
import { verifierOf } from '../quorum/verifier-of.ts'

/** The configuration in force, the one last seen, and the quorums that they ask for (quorum-protocol section 13). */
export class Configurations {
  #current: EnsembleConfig
  #lastSeen: EnsembleConfig
  #lastSeenText: Buffer
  #currentVerifier: QuorumVerifier
  #electorate: Electorate
  readonly #lone: LoneVoter | null

  /** @param lone who may be a quorum by itself; null: nobody */
  constructor(current: EnsembleConfig, lastSeen: EnsembleConfig | null, lone: LoneVoter | null = null) {
    this.#lone = lone
    this.#current = current
    this.#lastSeen = lastSeen ?? current
    this.#lastSeenText = textOf(this.#lastSeen)
    this.#currentVerifier = verifierOf(current, lone)
    this.#electorate = this.#neededElectorate()
  }

  get current(): EnsembleConfig {
    return this.#current
  }

  get lastSeen(): EnsembleConfig {
    return this.#lastSeen
  }

  get currentText(): Buffer {
    return textOf(this.#current)
  }

  /** What NEWLEADER tells. */
  get lastSeenText(): Buffer {
    return this.#lastSeenText
  }

  get currentVerifier(): QuorumVerifier {
    return this.#currentVerifier
  }

  /** Those that must all have a quorum: the current one's, then that of a pending reconfiguration. Never changed in place. */
  get electorate(): Electorate {
    return this.#electorate
  }

  /** Whether a newer configuration than the one in force has been seen. */
  get isPending(): boolean {
    return this.#lastSeen.version > this.#current.version
  }

  see(config: EnsembleConfig): void {
    this.#lastSeen = config
    this.#lastSeenText = textOf(config)
    this.#electorate = this.#neededElectorate()
  }

  activate(config: EnsembleConfig): void {
    this.#current = config
    this.#currentVerifier = verifierOf(config, this.#lone)
    this.#electorate = this.#neededElectorate()
  }

  #neededElectorate(): Electorate {
    const current = this.#currentVerifier
    return new Electorate(this.isPending ? [current, verifierOf(this.#lastSeen, this.#lone)] : [current])
  }
}

function textOf(config: EnsembleConfig): Buffer {
  return Buffer.from(formatConfigText(config), 'utf8')
}
