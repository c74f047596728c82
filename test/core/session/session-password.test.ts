import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import {
  isSessionPassword,
  SESSION_PASSWORD_SIZE_BYTES,
  writeSessionPassword
} from '../../../src/core/session/session-password.ts'
import { highWord, lowWord } from '../../../src/protocol/int64.ts'

function passwordOf(id: bigint): Uint8Array {
  const password = new Uint8Array(SESSION_PASSWORD_SIZE_BYTES)
  writeSessionPassword(highWord(id), lowWord(id), password, 0)
  return password
}

function isPassword(id: bigint, password: Uint8Array | null): boolean {
  return isSessionPassword(highWord(id), lowWord(id), password)
}

describe('the password of a session', () => {
  test.each([
    { file: 'session-passwords.txt', source: 'java.util.Random', count: 218 },
    { file: 'served-passwords.txt', source: 'Apache ZooKeeper servers', count: 44 }
  ])('is that of $source for $count ids', ({ file, count }) => {
    const lines = readFileSync(join(__dirname, 'golden', file), 'latin1')
      .trimEnd()
      .split('\n')

    const derived = lines.map((line) => {
      const id = line.slice(0, line.indexOf(' '))
      return `${id} ${Buffer.from(passwordOf(BigInt(id))).toString('hex')}`
    })

    expect(derived).toHaveLength(count)
    expect(derived).toEqual(lines)
  })

  test('is written at the offset, and nowhere else', () => {
    const target = new Uint8Array(24).fill(0xee)

    writeSessionPassword(highWord(72057687704731648n), lowWord(72057687704731648n), target, 4)

    expect(Buffer.from(target).toString('hex')).toBe('eeeeeeee54c08146518d0f8a52bd42ee8290bca1eeeeeeee')
  })
})

describe('checking a password', () => {
  const id = -0x7654321fedcba98n

  test('takes the right one', () => {
    expect(isPassword(id, passwordOf(id))).toBe(true)
  })

  test.each(Array.from({ length: 16 }, (_, at) => ({ at })))('refuses one that is wrong in byte $at only', ({ at }) => {
    const wrong = passwordOf(id)
    wrong[at] = (wrong[at] ?? 0) ^ 0x80

    expect(isPassword(id, wrong)).toBe(false)
  })

  test.each([
    { problem: 'none', password: null },
    { problem: 'an empty one', password: new Uint8Array(0) },
    { problem: 'one that is too short', password: passwordOf(id).subarray(0, 15) },
    { problem: 'one that is too long', password: Buffer.concat([passwordOf(id), Buffer.alloc(1)]) },
    { problem: "another session's", password: passwordOf(id + 1n) }
  ])('refuses $problem', ({ password }) => {
    expect(isPassword(id, password)).toBe(false)
  })

  test('refuses any for session 0, which does not exist', () => {
    expect(isPassword(0n, passwordOf(0n))).toBe(false)
  })

  test('takes the right one of a session whose low word is 0', () => {
    expect(isPassword(0x0100001234560000n << 8n, passwordOf(0x0100001234560000n << 8n))).toBe(true)
  })
})
