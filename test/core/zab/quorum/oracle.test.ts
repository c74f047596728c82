import { describe, expect, test } from '@jest/globals'
import type { EnsembleConfig } from '../../../../src/core/zab/membership/ensemble-config.ts'
import { verifierOf } from '../../../../src/core/zab/quorum/verifier-of.ts'

function configOf(voters: number, observers: number, isGrouped = false): EnsembleConfig {
  const members = Array.from({ length: voters + observers }, (_, index) => ({
    id: index + 1,
    addresses: [],
    role: index < voters ? ('participant' as const) : ('observer' as const),
    clientAddress: null,
    clientPort: null,
    secureClientAddress: null,
    secureClientPort: null
  }))
  const groups = isGrouped ? [{ id: 1, members: [1, 2] }] : []
  return { members, groups, weights: new Map(), version: 0n }
}

describe('with an oracle that grants it, server 1 by itself', () => {
  test.each([
    { what: 'of two voters', config: configOf(2, 0), isQuorum: true },
    { what: 'of two voters and an observer', config: configOf(2, 1), isQuorum: true },
    { what: 'of three voters', config: configOf(3, 0), isQuorum: false },
    { what: 'of two voters in a group', config: configOf(2, 0, true), isQuorum: false }
  ])('$what is a quorum: $isQuorum', ({ config, isQuorum }) => {
    const verifier = verifierOf(config, { sid: 1, isGranted: () => true })

    expect(verifier.isQuorum(new Set([1]))).toBe(isQuorum)
  })

  test('is one as long as that is granted', () => {
    let isGranted = false
    const verifier = verifierOf(configOf(2, 0), { sid: 1, isGranted: () => isGranted })
    expect(verifier.isQuorum(new Set([1]))).toBe(false)

    isGranted = true

    expect(verifier.isQuorum(new Set([1]))).toBe(true)
  })

  test('is one, and nobody else is by himself', () => {
    const verifier = verifierOf(configOf(2, 1), { sid: 1, isGranted: () => true })

    expect([2, 3].map((sid) => verifier.isQuorum(new Set([sid])))).toEqual([false, false])
    expect(verifier.isQuorum(new Set())).toBe(false)
    expect(verifier.isQuorum(new Set([1, 2]))).toBe(true)
  })

  test('is none where it observes', () => {
    const verifier = verifierOf(configOf(2, 1), { sid: 3, isGranted: () => true })

    expect(verifier.isQuorum(new Set([3]))).toBe(false)
  })
})
