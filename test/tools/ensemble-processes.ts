import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../interop/harness/free-port.ts'
import { askWord, ServerProcess } from './backup/server-process.ts'

const MEMBERS = [1, 2, 3] as const
const DEADLINE_MS = 120_000

/** Three servers, each a process of its own, that form an ensemble. */
export class EnsembleProcesses {
  readonly folder: string
  /** Of the configuration. */
  readonly lines: Readonly<Record<string, string>>
  readonly #servers: Map<number, ServerProcess>

  private constructor(folder: string, ports: readonly number[]) {
    this.folder = folder
    this.lines = Object.fromEntries(
      MEMBERS.map((id) => [`server.${id}`, `127.0.0.1:${ports[2 * id - 2]}:${ports[2 * id - 1]}:participant`])
    )
    this.#servers = new Map()
    for (const id of MEMBERS) this.replace(id, this.lines)
  }

  /** Chooses ports; nobody is started. */
  static async plan(): Promise<EnsembleProcesses> {
    const ports: number[] = []
    while (ports.length < 2 * MEMBERS.length) {
      const port = await freePort()
      if (!ports.includes(port)) ports.push(port)
    }
    return new EnsembleProcesses(mkdtempSync(join(tmpdir(), 'zoonode-ensemble-')), ports)
  }

  /** @throws Error if nobody has this id */
  get(id: number): ServerProcess {
    const server = this.#servers.get(id)
    if (server === undefined) throw new Error(`there is no server ${id}`)
    return server
  }

  /** A server that is not running gets this membership; its data stays. */
  replace(id: number, lines: Readonly<Record<string, string>>): void {
    const settings = { initLimit: '20', syncLimit: '10', '4lw.commands.whitelist': '*', ...lines }
    const server = new ServerProcess(join(this.folder, `server-${id}`), settings)
    mkdirSync(server.dataDir, { recursive: true })
    writeFileSync(join(server.dataDir, 'myid'), `${id}\n`)
    this.#servers.set(id, server)
  }

  async startAll(): Promise<void> {
    await Promise.all(MEMBERS.map((id) => this.get(id).start()))
    await this.serving(...MEMBERS)
  }

  async modeOf(id: number): Promise<string | null> {
    const answer = await askWord(this.get(id).port, 'srvr').catch(() => '')
    return /^Mode: (\w+)$/m.exec(answer)?.[1] ?? null
  }

  async zxidOf(id: number): Promise<bigint> {
    return BigInt(/^Zxid: (0x[0-9a-f]+)$/m.exec(await askWord(this.get(id).port, 'srvr'))?.[1] ?? '0')
  }

  serving(...ids: readonly number[]): Promise<void> {
    return until(`servers ${ids.join(' ')} serve`, async () => {
      const modes = await Promise.all(ids.map((id) => this.modeOf(id)))
      return modes.every((mode) => mode !== null)
    })
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.kill()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
