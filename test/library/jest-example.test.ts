import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connect, NodeExistsError, startServer, type TestServer } from 'zoonode'

describe('a lock', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer()
  })

  afterAll(() => server.stop())

  test('is free again when its owner is gone', async () => {
    const first = await connect(server.connectString)
    const second = await connect(server.connectString)
    await first.create('/lock', 'first', { mode: 'ephemeral' })
    await expect(second.create('/lock', 'second', { mode: 'ephemeral' })).rejects.toThrow(NodeExistsError)
    await first.close()
    await second.create('/lock', 'second', { mode: 'ephemeral' })
    await second.close()
  })
})
