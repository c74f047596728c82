import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { notifyServiceManager } from '../../src/server/service-notify.ts'

const { PATH } = process.env
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zoonode-notify-'))
  const program = join(folder, 'systemd-notify')
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/told.new' && mv '${folder}/told.new' '${folder}/told'\n`
  )
  chmodSync(program, 0o755)
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('the service manager is told of this process, by the program that systemd has for that', async () => {
  notifyServiceManager({ NOTIFY_SOCKET: '/run/systemd/notify', PATH: `${folder}:${PATH}` }, 'READY=1', 'STATUS=serving')
  const endMs = performance.now() + 25_000
  while (!existsSync(join(folder, 'told'))) {
    expect(performance.now()).toBeLessThan(endMs)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(readFileSync(join(folder, 'told'), 'utf8')).toBe(`--pid=${process.pid}\nREADY=1\nSTATUS=serving\n`)
})

test('nobody is told where there is no service manager', () => {
  expect(() => notifyServiceManager({}, 'READY=1')).not.toThrow()
  expect(() => notifyServiceManager({ NOTIFY_SOCKET: '' }, 'READY=1')).not.toThrow()
})
