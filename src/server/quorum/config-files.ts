import { readFile, realpath, rm } from 'node:fs/promises'
import { parseServerLine } from '../../core/zab/membership/server-line.ts'
import { type PropertyEntry, parseProperties } from '../config/properties.ts'
import { replaceFile, syncFolderOf } from './replace-file.ts'
import { editStaticConfig, type VoidKeys } from './static-config-text.ts'

/**
 * The files that hold a configuration which the ensemble has agreed on, beside the main file NAME:
 *
 * - `NAME.dynamic.VERSION` (hex): a configuration in force, which NAME names in its `dynamicConfigFile`; older ones stay;
 * - `NAME.dynamic.next`: one that was proposed, with its version, until it is in force;
 * - `NAME.bak`: what NAME was before its membership moved out of it.
 *
 * Each is replaced in one step. Methods must not be called while another one is under way.
 *
 * @see QuorumPeerConfig.writeDynamicConfig, QuorumPeer.setLastSeenQuorumVerifier and setQuorumVerifier
 */
export class ConfigFiles {
  readonly #mainFile: string
  readonly #sid: number

  /**
   * @param mainFile path of `zoo.cfg`
   * @param sid      own one
   */
  constructor(mainFile: string, sid: number) {
    this.#mainFile = mainFile
    this.#sid = sid
  }

  /** Keeps the main file as it is: to be called at a start with `reconfigEnabled` that found the membership in it. */
  async backup(): Promise<void> {
    await replaceFile(`${this.#mainFile}.bak`, await readFile(this.#mainFile), this.#mainFile)
  }

  /** @param text a configuration as it goes over the wire, with its version */
  async writeNext(text: string): Promise<void> {
    await replaceFile(this.nextFile, linesOf(parseProperties(text), true))
  }

  /** The configuration is in force: a start reads it from now on. */
  async writeCurrent(text: string): Promise<void> {
    const entries = parseProperties(text)
    const version = versionOf(entries)
    const dynamicFile = `${this.#mainFile}.dynamic.${BigInt.asUintN(64, version).toString(16)}`
    await replaceFile(dynamicFile, linesOf(entries, false))
    // A link to the file stays one.
    const mainFile = await realpath(this.#mainFile)
    const before = await readFile(mainFile, 'utf8')
    await replaceFile(mainFile, editStaticConfig(before, await realpath(dynamicFile), this.#voidKeys(entries)))
    await this.#removeNext(version)
  }

  /** Path of the file with what was proposed. */
  get nextFile(): string {
    return `${this.#mainFile}.dynamic.next`
  }

  /** A proposed configuration that is still ahead stays. */
  async #removeNext(version: bigint): Promise<void> {
    let text: string
    try {
      text = await readFile(this.nextFile, 'utf8')
    } catch {
      // None was proposed.
      return
    }
    if (versionOf(parseProperties(text)) > version) return
    await rm(this.nextFile, { force: true })
    await syncFolderOf(this.nextFile)
  }

  /** The own line's client port takes the place of the main file's. */
  #voidKeys(entries: readonly PropertyEntry[]): VoidKeys {
    const own = entries.find(({ key }) => key === `server.${this.#sid}`)
    if (own === undefined) return { clientPort: false, secureClientPort: false }
    const { clientPort, secureClientPort } = parseServerLine(this.#sid, own.value, true)
    return { clientPort: clientPort !== null, secureClientPort: secureClientPort !== null }
  }
}

function linesOf(entries: readonly PropertyEntry[], hasVersion: boolean): string {
  return entries
    .filter(({ key }) => hasVersion || !key.startsWith('version'))
    .map(({ key, value }) => `${key.trim()}=${value.trim()}`)
    .sort()
    .join('\n')
}

function versionOf(entries: readonly PropertyEntry[]): bigint {
  const text = entries.find(({ key }) => key === 'version')?.value.trim() ?? '0'
  return /^[0-9a-fA-F]{1,16}$/.test(text) ? BigInt(`0x${text}`) : 0n
}
