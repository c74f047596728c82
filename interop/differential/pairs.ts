import { buildZoonode, type RunningServer, type ServerKind, type StartOptions, startServer } from './servers.ts'
import { Side } from './side.ts'

/** What one side of a comparison is: a program to start fresh, or a server that runs already. */
export type Target =
  | { readonly kind: 'start'; readonly server: ServerKind }
  | { readonly kind: 'running'; readonly port: number }

/** @throws Error for a text that is none of `apache`, `zoonode`, `host:port` */
export function parseTarget(text: string): Target {
  if (text === 'apache' || text === 'zoonode') return { kind: 'start', server: text }
  const port = /^(?:127\.0\.0\.1|localhost):(\d+)$/.exec(text)?.[1]
  if (port === undefined) throw new Error(`${text}: expected apache, zoonode or 127.0.0.1:PORT`)
  return { kind: 'running', port: Number(port) }
}

export function targetName(target: Target): string {
  return target.kind === 'start' ? target.server : `127.0.0.1:${target.port}`
}

/** Two servers to compare. */
export interface Pair {
  readonly sides: readonly [Side, Side]
  /** How a started server ended by itself, and what it printed; null while both live. */
  failure(): string | null
  /** Kills the started servers and starts them again on their data. */
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Gives fresh pairs of servers, with the next pair starting while the present one is used. */
export class PairSource {
  readonly #targets: readonly [Target, Target]
  readonly #options: StartOptions
  #next: Promise<Pair> | null = null

  constructor(targets: readonly [Target, Target], options: StartOptions) {
    this.#targets = targets
    this.#options = options
    if (targets.some((target) => target.kind === 'start' && target.server === 'zoonode'))
      buildZoonode(options.projectRoot)
  }

  /** True if every pair is fresh, so that histories can be run again from the start. */
  get restartable(): boolean {
    return this.#targets.every((target) => target.kind === 'start')
  }

  /** The next pair; with `ahead`, another one is started at once for the call after. */
  async take(ahead: boolean): Promise<Pair> {
    const pair = await (this.#next ?? this.#start())
    this.#next = null
    if (ahead) {
      this.#next = this.#start()
      // Whoever takes the pair gets the error; until then it must not count as unhandled.
      this.#next.catch(() => undefined)
    }
    return pair
  }

  async close(): Promise<void> {
    const pair = await this.#next?.catch(() => null)
    await pair?.stop()
    this.#next = null
  }

  async #start(): Promise<Pair> {
    const started = await Promise.allSettled(this.#targets.map((target) => this.#startOne(target)))
    const servers = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    const failed = started.find((result) => result.status === 'rejected')
    if (failed !== undefined) {
      await Promise.all(servers.map((server) => server?.stop()))
      throw failed.reason
    }
    const [left, right] = this.#targets
    return {
      sides: [
        new Side(targetName(left), portOf(left, servers[0])),
        new Side(targetName(right), portOf(right, servers[1]))
      ],
      failure: () => failureOf(servers),
      restart: async () => {
        await Promise.all(servers.map((server) => server?.restart()))
      },
      stop: async () => {
        await Promise.all(servers.map((server) => server?.stop()))
      }
    }
  }

  async #startOne(target: Target): Promise<RunningServer | null> {
    return target.kind === 'start' ? await startServer(target.server, this.#options) : null
  }
}

function portOf(target: Target, server: RunningServer | null | undefined): number {
  return target.kind === 'running' ? target.port : (server?.port ?? 0)
}

function failureOf(servers: readonly (RunningServer | null)[]): string | null {
  for (const server of servers) {
    const ended = server?.exited() ?? null
    if (server !== null && ended !== null)
      return `${server.kind} ended by itself: ${ended}\n${server.log().slice(-4000)}`
  }
  return null
}
