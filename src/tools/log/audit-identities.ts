import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** Who a session was, as far as an audit log says. */
export interface Identity {
  readonly users: ReadonlySet<string>
  readonly addresses: ReadonlySet<string>
}

/** By session. Lines in Apache's form: `session=0x…<tab>user=…<tab>ip=…<tab>operation=…`. Errors are those of the system. */
export async function readIdentities(files: readonly string[]): Promise<ReadonlyMap<bigint, Identity>> {
  const found = new Map<bigint, { readonly users: Set<string>; readonly addresses: Set<string> }>()
  for (const file of files) {
    for await (const line of createInterface({
      input: createReadStream(file, 'utf8'),
      crlfDelay: Number.POSITIVE_INFINITY
    })) {
      const session = fieldOf(line, 'session')
      if (session === null || !/^0x[0-9a-f]{1,16}$/i.test(session)) continue
      const id = BigInt.asIntN(64, BigInt(session))
      const identity = found.get(id) ?? { users: new Set(), addresses: new Set() }
      found.set(id, identity)
      const [user, address] = [fieldOf(line, 'user'), fieldOf(line, 'ip')]
      if (user !== null) identity.users.add(user)
      if (address !== null) identity.addresses.add(address)
    }
  }
  return found
}

function fieldOf(line: string, name: string): string | null {
  const [, value = null] = new RegExp(`(?:^|[\\s:])${name}=([^\\t]*)`).exec(line) ?? []
  return value
}
