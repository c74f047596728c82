import { describe, expect, test } from '@jest/globals'
import { NoNodeError, ServerError, ZkError } from '../../src/client/errors.ts'
import { errorOfWire } from '../../src/client/wire-error.ts'
import { ErrorCode } from '../../src/protocol/error-code.ts'

describe('the error for a number of the wire', () => {
  test.each(Object.entries(ErrorCode).filter(([, wire]) => wire !== 0))('%s keeps its number', (_, wire) => {
    const error = errorOfWire(wire, '/a')

    expect(error).toBeInstanceOf(ZkError)
    expect(error.wire).toBe(wire)
    expect(error.message).toMatch(/^KeeperErrorCode = .+ for \/a$/)
  })

  test('has a class and a name that programs can look at', () => {
    const error = errorOfWire(-101, '/a')

    expect(error).toBeInstanceOf(NoNodeError)
    expect(error).toMatchObject({ name: 'NoNodeError', code: 'NO_NODE', path: '/a', transaction: null })
  })

  test('is a general one for a number that nobody knows', () => {
    expect(errorOfWire(-999, null)).toMatchObject({
      code: 'SERVER_ERROR',
      wire: -999,
      message: 'KeeperErrorCode = Unknown error -999'
    })
    expect(errorOfWire(-999, null)).toBeInstanceOf(ServerError)
  })
})
