import { formatConfigText } from '../../core/zab/membership/config-text.ts'
import type { EnsembleConfig } from '../../core/zab/membership/ensemble-config.ts'
import { demand } from '../violation.ts'
import { showZxid } from '../zxid.ts'
import { isQuorumOf } from './quorum-rule.ts'

/** A server whose configuration has changed. */
export interface ConfiguredServer {
  readonly sid: number
  readonly isLeading: boolean
}

/**
 * What reconfigurations promise: each version is one configuration everywhere; a server's version never goes back; a leader
 * puts a configuration into force, nobody before it, and only when quorums of the one in force and of the new one have it on
 * their disks.
 */
export class ConfigurationChecker {
  /** Those that were in force, in their order. */
  readonly #inForce: EnsembleConfig[]
  readonly #texts = new Map<bigint, string>()
  /** Version of the newest configuration on a server's disk, proposed ones included. */
  readonly #storedVersion: (sid: number) => bigint

  constructor(first: EnsembleConfig, storedVersion: (sid: number) => bigint) {
    this.#inForce = [first]
    this.#storedVersion = storedVersion
  }

  /** The configuration in force. */
  get current(): EnsembleConfig {
    return this.#inForce[this.#inForce.length - 1] as EnsembleConfig // never empty
  }

  /** The one in force before. */
  get previous(): EnsembleConfig {
    return this.#inForce.at(-2) ?? this.current
  }

  /** The one in force before the transaction, which may be a reconfiguration itself. */
  before(zxid: number): EnsembleConfig {
    let at = this.#inForce.length - 1
    while (at > 0 && Number(this.#inForce[at]?.version) >= zxid) at--
    return this.#inForce[at] as EnsembleConfig
  }

  /** Those of which a quorum must have the transaction when it is committed. */
  neededFor(zxid: number): readonly EnsembleConfig[] {
    if (this.#inForce.length === 1) return this.#inForce
    const before = this.before(zxid)
    const own = this.#inForce.find(({ version }) => Number(version) === zxid)
    return own === undefined ? [before] : [before, own]
  }

  /**
   * A server's configuration in force, or the one last seen, is another one.
   *
   * @param was version in force before
   */
  changed(server: ConfiguredServer, was: bigint, config: EnsembleConfig, lastSeen: EnsembleConfig | null): void {
    this.#checkText(server.sid, config)
    if (lastSeen !== null) this.#checkText(server.sid, lastSeen)
    demand(
      config.version >= was,
      'configurations never go back',
      () => `server ${server.sid} has ${show(config.version)} after ${show(was)}`
    )
    if (config.version > this.current.version) this.#activated(server, config)
  }

  /** A leader begins to serve. */
  established(sid: number, config: EnsembleConfig): void {
    demand(
      config.version >= this.current.version,
      'leaders know the configuration',
      () =>
        `server ${sid} leads by configuration ${show(config.version)}, and ${show(this.current.version)} is in force`
    )
  }

  #activated({ sid, isLeading }: ConfiguredServer, config: EnsembleConfig): void {
    const { current } = this
    demand(
      isLeading,
      'leaders put configurations into force',
      () => `server ${sid} takes ${show(config.version)}, and ${show(current.version)} is in force`
    )
    for (const needed of [current, config]) {
      demand(
        isQuorumOf(needed, (each) => this.#storedVersion(each) >= config.version),
        'configurations are durable',
        () => `${show(config.version)} comes into force, and is not on the disks of a quorum of ${show(needed.version)}`
      )
    }
    this.#inForce.push(config)
  }

  #checkText(sid: number, config: EnsembleConfig): void {
    if (config.version === 0n) return
    const text = formatConfigText(config)
    const known = this.#texts.get(config.version)
    if (known === undefined) this.#texts.set(config.version, text)
    else demand(known === text, 'agreement', () => `server ${sid} has the configuration ${text} instead of ${known}`)
  }
}

function show(version: bigint): string {
  return showZxid(Number(version))
}
