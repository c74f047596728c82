import { afterEach } from '@jest/globals'
import type { JuteWriter } from 'jute-ts'
import type { ConnectionState } from '../../src/client/connection-state.ts'
import type { ClientOptions } from '../../src/client/options.ts'
import { ZooKeeper } from '../../src/client/zookeeper.ts'
import {
  decodeCreateRequest,
  decodeGetDataRequest,
  encodeCreateResponse,
  encodeGetDataResponse
} from '../../src/protocol/generated/proto.ts'
import { type FakeConnection, FakeServer, type ReceivedRequest } from './fake-server.ts'
import { wireStat } from './stat-fixture.ts'

/** A client and the states that it has told. */
export interface Watched {
  readonly client: ZooKeeper
  readonly states: ConnectionState[]
}

/** Makes fake servers and clients for a test, and stops them after it. */
export function harness() {
  const servers: FakeServer[] = []
  const clients: ZooKeeper[] = []
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close({ keepSession: true })))
    await Promise.all(servers.splice(0).map((server) => server.stop()))
  })
  return {
    async server(port?: number): Promise<FakeServer> {
      const server = await FakeServer.start(port)
      servers.push(server)
      return server
    },
    /** Tries the servers in the given order, and again without much delay. */
    open(connectString: string, options: ClientOptions = {}): Watched {
      const client = new ZooKeeper(connectString, { reconnectDelayMsMax: 5, shufflesServers: false, ...options })
      const states: ConnectionState[] = []
      client.on('state', (state) => states.push(state))
      clients.push(client)
      return { client, states }
    }
  }
}

/** Path of a getData request. */
export function getDataPath({ reader }: ReceivedRequest): string | null {
  return decodeGetDataRequest(reader).path
}

export function createPath({ reader }: ReceivedRequest): string | null {
  return decodeCreateRequest(reader).path
}

/** The body of a getData reply. */
export function dataBody(text: string): (writer: JuteWriter) => void {
  return (writer) => encodeGetDataResponse(writer, { data: Buffer.from(text), stat: wireStat() })
}

/** Answers the next request, which is a getData, and tells its path. */
export async function answerGetData(connection: FakeConnection, text: string, zxid = 1n): Promise<string | null> {
  const request = await connection.request()
  connection.reply(request.header.xid, { zxid, body: dataBody(text) })
  return getDataPath(request)
}

export function createBody(path: string): (writer: JuteWriter) => void {
  return (writer) => encodeCreateResponse(writer, { path })
}
