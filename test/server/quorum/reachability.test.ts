import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { type PeerTransport, plainTransport } from '../../../src/server/quorum/peer-transport.ts'
import { checkReachable } from '../../../src/server/quorum/reachability.ts'
import { freePort, RawPort, until } from './support.ts'

const OPTIONS = { noDelay: true, keepAlive: false }

async function check(ports: readonly number[], timeoutMs: number, transport: PeerTransport): Promise<boolean[]> {
  const answers: boolean[] = []
  checkReachable('127.0.0.1', ports, timeoutMs, transport, OPTIONS, (isReachable) => answers.push(isReachable))
  await until(() => answers.length > 0, 'an answer')
  return answers
}

describe('a host is reachable', () => {
  test('that accepts a connection', async () => {
    const port = await RawPort.open()

    expect(await check([port.port], 60_000, plainTransport)).toEqual([true])

    await (await port.connection(0)).closed()
    port.close()
  })

  test('that refuses connections', async () => {
    expect(await check([await freePort(), await freePort()], 60_000, plainTransport)).toEqual([true])
  })
})

describe('a host is not reachable', () => {
  test('that does not answer in time', async () => {
    const silent = { ...plainTransport, probe: () => new Socket() }

    expect(await check([1, 2], 20, silent)).toEqual([false])
  })

  test('to which there is no way', async () => {
    const connect = (): Socket => {
      const socket = new Socket()
      setImmediate(() => socket.destroy(Object.assign(new Error('no route'), { code: 'EHOSTUNREACH' })))
      return socket
    }

    expect(await check([1, 2], 60_000, { ...plainTransport, probe: connect })).toEqual([false])
  })
})

test('a check that is given up tells nothing', async () => {
  const answers: boolean[] = []
  const port = await freePort()

  const giveUp = checkReachable('127.0.0.1', [port], 60_000, plainTransport, OPTIONS, (isReachable) => {
    answers.push(isReachable)
  })
  giveUp()
  await check([port], 60_000, plainTransport)

  expect(answers).toEqual([])
})
