import { createServer } from 'node:net'
import { expect, test } from '@jest/globals'
import { freePorts } from '../../src/library/free-ports.ts'

const HOST = '127.0.0.1'

test('ports are all different, free, and none that the system gives to outgoing connections', async () => {
  const ports = await freePorts(40, HOST)

  expect(new Set(ports).size).toBe(40)
  expect(ports.filter((port) => port < 15_000 || port >= 30_000)).toEqual([])
  const [port = 0] = ports
  const server = createServer()
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(port, HOST, resolve))
  await new Promise((resolve) => server.close(resolve))
})

test('a host that is none of this machine is an error at once', async () => {
  await expect(freePorts(1, '192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
})
