import type { Readable } from 'node:stream'
import type { AdminTarget } from './admin-target.ts'
import type { JsonField } from './json-text.ts'

/** A request as a command sees it. */
export interface CommandRequest {
  readonly method: 'GET' | 'POST'
  /** The first value of each parameter of the query. */
  readonly parameters: ReadonlyMap<string, string>
  /** What a POST brings; to be read at most once. */
  readonly body: Readable
}

/** What a command answers. Its name and the error come behind the fields, as upstream. */
export interface CommandAnswer {
  /** 200 if not given. */
  readonly status?: number
  /** Null, or not given: `"error" : null`. */
  readonly error?: string | null
  readonly fields?: Iterable<JsonField>
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>
  /** Bytes in place of the JSON text. */
  readonly stream?: CommandStream
}

export interface CommandStream {
  readonly lengthBytes: number
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface AdminCommand {
  /** As answers spell it, and the index page. */
  readonly name: string
  readonly aliases: readonly string[]
  /** Answered only while clients are served. */
  readonly needsServing: boolean
  /** Only who has every permission on the root may run it. */
  readonly needsAuthority: boolean
  readonly methods: readonly CommandRequest['method'][]
  run(target: AdminTarget, request: CommandRequest): CommandAnswer | Promise<CommandAnswer>
}

type CommandOptions = Partial<Pick<AdminCommand, 'aliases' | 'needsServing' | 'needsAuthority' | 'methods'>>

/** A command that any GET may run while clients are served, unless the options say otherwise. */
export function command(name: string, run: AdminCommand['run'], options: CommandOptions = {}): AdminCommand {
  return { name, aliases: [], needsServing: true, needsAuthority: false, methods: ['GET'], run, ...options }
}
