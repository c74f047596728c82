import { OpCode } from '../../src/protocol/op-code.ts'
import type { Suite, SuiteRun } from '../harness/suite.ts'
import { waitFor } from '../harness/wait-for.ts'
import { RawClient } from '../sasl/raw-client.ts'

const OPEN_TIMEOUT_MS = 60_000
const CREATE_OVERHEAD_BYTES = 100

interface LimitCase {
  readonly name: string
  run(port: number, see: (text: string) => void): Promise<void>
}

/** Opens connections one by one; those that get a session stay. */
async function openMany(port: number, count: number, see: (text: string) => void): Promise<RawClient[]> {
  const clients: RawClient[] = []
  const outcomes: string[] = []
  for (let index = 0; index < count; index++) {
    const client = await RawClient.open(port)
    clients.push(client)
    outcomes.push(client.hasSession ? 'session' : 'closed')
  }
  see(outcomes.join(', '))
  return clients
}

function create(client: RawClient, xid: number, path: string, sizeBytes: number) {
  return client.request(OpCode.create, xid, (writer) => {
    writer.writeString(path)
    writer.writeBuffer(Buffer.alloc(sizeBytes))
    writer.writeInt(1)
    writer.writeInt(31)
    writer.writeString('world')
    writer.writeString('anyone')
    writer.writeInt(1)
  })
}

const connectionCases: readonly LimitCase[] = [
  {
    name: 'the fourth connection of an address is closed, until another one has gone',
    async run(port, see) {
      const clients = await openMany(port, 5, see)
      for (const client of clients.slice(3)) client.drop()
      clients[0]?.drop()
      const next = await waitFor('a connection to be let in', OPEN_TIMEOUT_MS, async () => {
        const client = await RawClient.open(port)
        return client.hasSession ? client : null
      })
      see('session')
      const [over] = await openMany(port, 1, see)
      for (const client of [...clients, next, over]) client?.drop()
    }
  }
]

const requestCases: readonly LimitCase[] = [
  {
    name: 'a request below the threshold of large ones, a large one, one that there is no room for',
    async run(port, see) {
      for (const sizeBytes of [500, 1500, 5000]) {
        const client = await RawClient.open(port)
        see(`${sizeBytes}: ${(await create(client, 1, `/large-${sizeBytes}`, sizeBytes)).header}`)
        see((await client.isClosed()) ? 'closed' : 'open')
        client.drop()
      }
    }
  },
  {
    name: 'a request as long as jute.maxbuffer, and one longer',
    async run(port, see) {
      for (const sizeBytes of [8000 - CREATE_OVERHEAD_BYTES, 8000]) {
        const client = await RawClient.open(port)
        see(`${sizeBytes}: ${(await create(client, 1, `/long-${sizeBytes}`, sizeBytes)).header}`)
        client.drop()
      }
    }
  }
]

const handshakeCases: readonly LimitCase[] = [
  {
    name: 'handshakes beyond the tokens are closed',
    async run(port, see) {
      for (const client of await openMany(port, 6, see)) client.drop()
    }
  }
]

/** Limits on strangers and on what they send, by the same bytes to both servers. */
export const limitSuites: readonly Suite[] = [
  limits('limits-connections', { maxClientCnxns: '3' }, connectionCases),
  limits(
    'limits-large-requests',
    { largeRequestThreshold: '1000', largeRequestMaxBytes: '3000' },
    requestCases.slice(0, 1)
  ),
  limits('limits-request-length', {}, requestCases.slice(1), { 'jute.maxbuffer': '8000' }),
  limits(
    'limits-handshakes',
    { connection_throttle_tokens: '4', connection_throttle_fill_time: '600000', connection_throttle_fill_count: '1' },
    handshakeCases
  )
]

function limits(
  name: string,
  config: Readonly<Record<string, string>>,
  cases: readonly LimitCase[],
  properties: Readonly<Record<string, string>> = {}
): Suite {
  const settings = { config: { maxClientCnxns: '0', ...config }, properties }
  return { name, isQuick: true, settings, prepare: async () => undefined, run: (run) => runCases(run, cases) }
}

async function runCases(run: SuiteRun, cases: readonly LimitCase[]): Promise<void> {
  for (const { name, run: body } of cases) {
    const seen: string[] = []
    try {
      await body(run.server.port, (text) => seen.push(text))
      run.record({ name, status: 'passed', detail: '', observed: seen.join('\n') })
    } catch (error) {
      run.record({ name, status: 'failed', detail: `${error}\n${seen.join('\n')}`, observed: null })
    }
  }
}
