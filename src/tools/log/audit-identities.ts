import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { AuditFileSettings } from '../../server/config/settings.ts'
import { ToolError } from '../tool-error.ts'

const EXIT_USAGE = 2

/** Who a session was, as far as an audit log says. */
export interface Identity {
  readonly users: ReadonlySet<string>
  readonly addresses: ReadonlySet<string>
}

/** Of a server that writes its audit log by these settings: the files that are there, the oldest first. */
export function auditFilesOf({ path, backupCountMax }: AuditFileSettings): string[] {
  const old = Array.from({ length: backupCountMax }, (_, index) => `${path}.${backupCountMax - index}`)
  return [...old, path].filter((file) => existsSync(file))
}

/**
 * By session. Lines are in Apache's form, `session=0x…<tab>user=…<tab>ip=…<tab>operation=…`, or in JSON (`audit.format`).
 *
 * @throws ToolError where a file cannot be read
 */
export async function readIdentities(files: readonly string[]): Promise<ReadonlyMap<bigint, Identity>> {
  const found = new Map<bigint, { readonly users: Set<string>; readonly addresses: Set<string> }>()
  for (const file of files) {
    for await (const line of linesOf(file)) {
      const { session, user, ip } = line.startsWith('{') ? fieldsOfJson(line) : fieldsOfLine(line)
      if (session === null || !/^0x[0-9a-f]{1,16}$/i.test(session)) continue
      const id = BigInt.asIntN(64, BigInt(session))
      const identity = found.get(id) ?? { users: new Set(), addresses: new Set() }
      found.set(id, identity)
      if (user !== null) identity.users.add(user)
      if (ip !== null) identity.addresses.add(ip)
    }
  }
  return found
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file, 'utf8')
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // the file system throws nothing else
    throw new ToolError(`zkLog: the audit log ${file} cannot be read (${code})`, EXIT_USAGE, { cause: error })
  }
}

interface Fields {
  readonly session: string | null
  readonly user: string | null
  readonly ip: string | null
}

const NOTHING: Fields = { session: null, user: null, ip: null }

function fieldsOfLine(line: string): Fields {
  return { session: fieldOf(line, 'session'), user: fieldOf(line, 'user'), ip: fieldOf(line, 'ip') }
}

function fieldOf(line: string, name: string): string | null {
  const [, value = null] = new RegExp(`(?:^|[\\s:])${name}=([^\\t]*)`).exec(line) ?? []
  return value
}

/** A line that is cut off says nothing. */
function fieldsOfJson(line: string): Fields {
  try {
    const fields: Readonly<Record<string, unknown>> = JSON.parse(line)
    const text = (value: unknown): string | null => (typeof value === 'string' ? value : null)
    return { session: text(fields.session), user: text(fields.user), ip: text(fields.ip) }
  } catch (error) {
    if (error instanceof SyntaxError) return NOTHING
    throw error
  }
}
