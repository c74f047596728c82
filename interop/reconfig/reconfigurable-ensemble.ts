import { writeFileSync } from 'node:fs'
import { connect, type ZooKeeper } from '../../src/client/index.ts'
import { ENSEMBLE_CONFIG, Ensemble } from '../harness/ensemble.ts'
import { freePort } from '../harness/free-port.ts'
import type { Member } from '../harness/member.ts'
import type { ServerKind } from '../harness/server.ts'
import { configurationFiles } from './configuration-files.ts'

export type Role = 'participant' | 'observer'

/** What a member's line says, beside its id. */
interface Place {
  host: string
  quorumPort: number
  electionPort: number
  clientPort: number
  role: Role
}

const SUPER = 'super:admin'
const CLIENT_TIMEOUT_MS = 20_000

/** An ensemble whose servers know themselves by server lines with client ports, and may be given others. */
export class ReconfigurableEnsemble {
  readonly #ensemble: Ensemble
  /** By sid; those in no configuration are there as well. */
  readonly #places = new Map<number, Place>()
  /** Who is in the configuration that is expected. */
  readonly #sids = new Set<number>()

  private constructor(ensemble: Ensemble) {
    this.#ensemble = ensemble
  }

  /** @param founders how many of them are members from the beginning; the others are to join */
  static async plan(folder: string, kinds: readonly ServerKind[], founders: number): Promise<ReconfigurableEnsemble> {
    const members = kinds.map((kind, index) => ({ sid: index + 1, kind, role: 'participant' as const }))
    const planned = new ReconfigurableEnsemble(await Ensemble.plan(folder, { members }))
    for (const { sid, address } of planned.members) {
      planned.#places.set(sid, { ...address, role: 'participant' })
      if (sid <= founders) planned.#sids.add(sid)
    }
    for (const member of planned.members) {
      writeConfiguration(
        member,
        [...new Set([...planned.#sids, member.sid])].map((sid) => planned.lineOf(sid))
      )
    }
    return planned
  }

  get members(): readonly Member[] {
    return this.#ensemble.members
  }

  get running(): readonly Member[] {
    return this.members.filter(({ isRunning }) => isRunning)
  }

  member(sid: number): Member {
    return this.#ensemble.member(sid)
  }

  /** Starts these, and waits until all that run serve. */
  async start(...sids: readonly number[]): Promise<Member> {
    for (const sid of sids) await this.member(sid).start()
    return this.serving()
  }

  async stop(...sids: readonly number[]): Promise<void> {
    for (const sid of sids) await this.member(sid).stop()
  }

  killAll(): Promise<void> {
    return this.#ensemble.killAll()
  }

  /** Waits until all that run serve one leader, and returns it. */
  serving(): Promise<Member> {
    return this.#ensemble.serving()
  }

  place(sid: number): Place {
    const place = this.#places.get(sid)
    if (place === undefined) throw new Error(`there is no server ${sid}`)
    return place
  }

  /** `server.N=…` as a configuration shows it. */
  lineOf(sid: number): string {
    const { host, quorumPort, electionPort, role, clientPort } = this.place(sid)
    return `server.${sid}=${host}:${quorumPort}:${electionPort}:${role};${host}:${clientPort}`
  }

  /** The lines that all are expected to have, by sid. */
  get lines(): string[] {
    return [...this.#sids].sort((a, b) => a - b).map((sid) => this.lineOf(sid))
  }

  join(sid: number, role: Role = 'participant'): string {
    this.place(sid).role = role
    this.#sids.add(sid)
    return this.lineOf(sid)
  }

  leave(sid: number): string {
    this.#sids.delete(sid)
    return String(sid)
  }

  /** Exactly these are to be members. */
  replaceMembers(sids: readonly number[]): string {
    this.#sids.clear()
    return sids.map((sid) => this.join(sid)).join(',')
  }

  /** The new line of a server that is to be found elsewhere. */
  async moveClientPort(sid: number): Promise<string> {
    const place = this.place(sid)
    place.clientPort = await freePort()
    const member = this.member(sid)
    member.address = { ...member.address, clientPort: place.clientPort }
    return this.lineOf(sid)
  }

  async moveQuorumPorts(sid: number): Promise<string> {
    const place = this.place(sid)
    place.quorumPort = await freePort()
    place.electionPort = await freePort()
    return this.lineOf(sid)
  }

  /** A client of this server, as the super user or, with null, as nobody. */
  async client(sid: number, auth: string | null = SUPER): Promise<ZooKeeper> {
    const { host, clientPort } = this.place(sid)
    const client = await connect(`${host}:${clientPort}`, {
      sessionTimeoutMs: 5000,
      connectTimeoutMs: CLIENT_TIMEOUT_MS
    })
    if (auth !== null) await client.addAuth('digest', auth)
    return client
  }

  /**
   * Compares what all running servers show and have stored with what is expected.
   *
   * @returns the first difference; null if there is none
   */
  async difference(): Promise<string | null> {
    let common: string | null = null
    for (const member of this.running) {
      const shown = await this.#shown(member.sid)
      if (shown.lines !== this.lines.join('\n')) return `${member.name} has the configuration\n${shown.lines}`
      common ??= shown.whole
      if (shown.whole !== common) return `${member.name} shows\n${shown.whole}\ninstead of\n${common}`
      const stored = configurationFiles(member.configFile, shown.version, this.lines)
      if (stored !== null) return `${member.name}: ${stored}`
    }
    return null
  }

  async #shown(sid: number): Promise<{ lines: string; version: string; whole: string }> {
    const client = await this.client(sid)
    try {
      const { data, stat } = await client.getConfig()
      const [, lines = '', version = ''] = /^(.*)\nversion=([0-9a-f]+)$/s.exec(Buffer.from(data ?? []).toString()) ?? []
      // mtime is each server's own time where a configuration came without a transaction.
      const { mzxid, version: dataVersion, dataLength } = stat
      return { lines, version, whole: `${lines} ${version} ${mzxid} ${dataVersion} ${dataLength}` }
    } finally {
      await client.close()
    }
  }
}

/** Server 2 has its client port in the main file as well, and loses it there; 3 has its lines in a file of their own. */
function writeConfiguration(member: Member, lines: readonly string[]): void {
  const settings = { ...ENSEMBLE_CONFIG, reconfigEnabled: 'true', dataDir: member.dataFolder }
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  if (member.sid === 2) text.push(`clientPort=${member.address.clientPort}`, `clientPortAddress=${member.address.host}`)
  if (member.sid === 3) {
    const dynamic = `${member.configFile}.dynamic`
    writeFileSync(dynamic, `${lines.join('\n')}\n`)
    text.push(`dynamicConfigFile=${dynamic}`)
  } else {
    text.push(...lines)
  }
  writeFileSync(member.configFile, `${text.join('\n')}\n`)
}
