import { describe, expect, test } from '@jest/globals'
import { JuteReader, JuteWriter } from 'jute-ts'
import { decodeTxn, encodeTxn, type Txn, type TxnBody } from '../../src/protocol/txn.ts'
import { bodyType } from '../../src/protocol/txn-body.ts'
import { TxnFormatError } from '../../src/protocol/txn-format-error.ts'

const OPEN = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
const OPEN_HEX = '00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65'
const HEADER_HEX = '00000000000000aa 00000007 0000000100000002 000001a205acaabc'
const DIGEST_HEX = '00000002 0000000a7cab4443'

const noTtl = { ttlHi: 0, ttlLo: 0 }

/** A transaction of session 0xaa, cxid 7, zxid 0x100000002. */
function txnOf(body: TxnBody, digest: Txn['digest'] = null): Txn {
  const header = {
    clientIdHi: 0,
    clientIdLo: 0xaa,
    cxid: 7,
    zxidHi: 1,
    zxidLo: 2,
    timeHi: 0x1a2,
    timeLo: 0x05acaabc,
    type: bodyType(body)
  }
  return { header, body, digest }
}

function fromHex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

function typeHex(type: number): string {
  return (type >>> 0).toString(16).padStart(8, '0')
}

function encode(txn: Txn): Buffer {
  const writer = new JuteWriter()
  encodeTxn(writer, txn)
  return writer.copyBytes()
}

function decode(bytes: Buffer): Txn {
  return decodeTxn(new JuteReader(bytes))
}

const data = Buffer.from('hi')
const create = { kind: 'create', path: '/a', data, acl: OPEN, ...noTtl, parentCversion: 5 } as const

const CASES: readonly { name: string; body: TxnBody; record: string }[] = [
  {
    name: 'create',
    body: { ...create, type: 1, mode: 'persistent' },
    record: `00000002 2f61 00000002 6869 ${OPEN_HEX} 00 00000005`
  },
  {
    name: 'create2 of an ephemeral without data',
    body: { ...create, type: 15, mode: 'ephemeral', data: null, acl: null },
    record: '00000002 2f61 ffffffff ffffffff 01 00000005'
  },
  {
    name: 'createContainer',
    body: { ...create, type: 19, mode: 'container' },
    record: `00000002 2f61 00000002 6869 ${OPEN_HEX} 00000005`
  },
  {
    name: 'createTTL',
    body: { ...create, type: 21, mode: 'ttl', ttlHi: 0xff, ttlLo: -1 },
    record: `00000002 2f61 00000002 6869 ${OPEN_HEX} 00000005 000000ffffffffff`
  },
  { name: 'delete', body: { kind: 'delete', type: 2, path: '/a' }, record: '00000002 2f61' },
  { name: 'deleteContainer', body: { kind: 'delete', type: 20, path: '/a' }, record: '00000002 2f61' },
  {
    name: 'setData',
    body: { kind: 'setData', type: 5, path: '/a', data, version: 3 },
    record: '00000002 2f61 00000002 6869 00000003'
  },
  {
    name: 'reconfig',
    body: { kind: 'setData', type: 16, path: '/a', data, version: -1 },
    record: '00000002 2f61 00000002 6869 ffffffff'
  },
  {
    name: 'setACL',
    body: { kind: 'setACL', path: '/a', acl: OPEN, version: 2 },
    record: `00000002 2f61 ${OPEN_HEX} 00000002`
  },
  { name: 'check', body: { kind: 'check', path: '/a', version: 2 }, record: '00000002 2f61 00000002' },
  { name: 'error', body: { kind: 'error', err: -101 }, record: 'ffffff9b' },
  { name: 'createSession', body: { kind: 'createSession', timeoutMs: 30000 }, record: '00007530' },
  {
    name: 'closeSession',
    body: { kind: 'closeSession', paths: ['/a', '/b'] },
    record: '00000002 00000002 2f61 00000002 2f62'
  },
  { name: 'closeSession without ephemerals', body: { kind: 'closeSession', paths: [] }, record: '00000000' },
  { name: 'closeSession of the old format', body: { kind: 'closeSession', paths: null }, record: '' },
  {
    name: 'multi',
    body: {
      kind: 'multi',
      operations: [
        { kind: 'delete', type: 2, path: '/a' },
        { kind: 'error', err: -101 },
        { kind: 'error', err: -2 }
      ]
    },
    record: '00000003 00000002 00000006 00000002 2f61 ffffffff 00000004 ffffff9b ffffffff 00000004 fffffffe'
  },
  { name: 'an empty multi', body: { kind: 'multi', operations: [] }, record: '00000000' }
]

describe.each(CASES)('$name', ({ body, record }) => {
  const plain = fromHex(`${HEADER_HEX} ${typeHex(bodyType(body))} ${record}`)
  const digested = fromHex(`${HEADER_HEX} ${typeHex(bodyType(body))} ${record} ${DIGEST_HEX}`)
  const digest = { version: 2, treeDigestHi: 0xa, treeDigestLo: 0x7cab4443 }

  test('has its bytes, with and without a digest', () => {
    expect(encode(txnOf(body)).toString('hex')).toBe(plain.toString('hex'))
    expect(encode(txnOf(body, digest)).toString('hex')).toBe(digested.toString('hex'))
  })

  test('is read from them', () => {
    expect(decode(plain)).toEqual(txnOf(body))
    expect(decode(digested)).toEqual(txnOf(body, digest))
  })
})

describe('a create of the oldest format, which ends before parentCVersion,', () => {
  const record = `${HEADER_HEX} 00000001 00000002 2f61 ffffffff ${OPEN_HEX} 00`
  const body: TxnBody = { ...create, type: 1, mode: 'persistent', data: null, parentCversion: -1 }

  test.each([
    { form: 'alone', bytes: record, digest: null },
    {
      form: 'with a digest',
      bytes: `${record} ${DIGEST_HEX}`,
      digest: { version: 2, treeDigestHi: 0xa, treeDigestLo: 0x7cab4443 }
    }
  ])('$form is read as one that asks for the next counter', ({ bytes, digest }) => {
    expect(decode(fromHex(bytes))).toEqual(txnOf(body, digest))
  })

  test('may be a member of a multi', () => {
    const member = fromHex(`00000002 2f61 ffffffff ${OPEN_HEX} 00`)
    const bytes = `${HEADER_HEX} 0000000e 00000001 00000001 ${typeHex(member.length)} ${member.toString('hex')}`

    expect(decode(fromHex(bytes))).toEqual(txnOf({ kind: 'multi', operations: [body] }))
  })
})

// Seen from Apache's leader, in a DIFF: 56 bytes of a create behind the type -1.
test('a member of a failed multi that is an operation under the type of an error has failed with the code 0', () => {
  const create = fromHex(`00000002 2f61 00000002 6869 ${OPEN_HEX} 00 00000005`)
  const members = `ffffffff ${typeHex(create.length)} ${create.toString('hex')} ffffffff 00000004 ffffff99`

  expect(decode(fromHex(`${HEADER_HEX} 0000000e 00000002 ${members}`))).toEqual(
    txnOf({
      kind: 'multi',
      operations: [
        { kind: 'error', err: 0 },
        { kind: 'error', err: -103 }
      ]
    })
  )
})

test.each([
  { digestHex: '00000002 00000000 00000000', hi: 0, lo: 0 },
  { digestHex: '00000002 ffffffff 00000000', hi: -1, lo: 0 }
])('a closeSession with nothing but the digest $digestHex has no list of paths', ({ digestHex, hi, lo }) => {
  const digest = { version: 2, treeDigestHi: hi, treeDigestLo: lo }

  expect(decode(fromHex(`${HEADER_HEX} fffffff5 ${digestHex}`))).toEqual(
    txnOf({ kind: 'closeSession', paths: null }, digest)
  )
})

test('a closeSession whose only path is as long as a digest has that path', () => {
  expect(decode(fromHex(`${HEADER_HEX} fffffff5 00000001 00000004 2f616263`))).toEqual(
    txnOf({ kind: 'closeSession', paths: ['/abc'] })
  )
})

describe('bytes that are no transaction are refused:', () => {
  test.each([
    {
      what: 'a type that is never logged',
      bytes: `${HEADER_HEX} 00000003 00000002 2f61`,
      error: /no transaction has type 3/
    },
    { what: 'a null path', bytes: `${HEADER_HEX} 00000002 ffffffff`, error: /without a path/ },
    {
      what: 'bytes behind the digest',
      bytes: `${HEADER_HEX} 00000002 00000002 2f61 ${DIGEST_HEX} 00`,
      error: /13 bytes after/
    },
    { what: 'part of a digest', bytes: `${HEADER_HEX} 00000002 00000002 2f61 00000002`, error: /4 bytes after/ },
    {
      what: 'a multi in a multi',
      bytes: `${HEADER_HEX} 0000000e 00000001 0000000e 00000004 00000000`,
      error: /type 14/
    },
    {
      what: 'a member with bytes too many',
      bytes: `${HEADER_HEX} 0000000e 00000001 00000002 00000007 00000002 2f61 00`,
      error: /1 bytes too many/
    },
    { what: 'a closeSession with a null path', bytes: `${HEADER_HEX} fffffff5 00000001 ffffffff`, error: /null path/ }
  ])('$what', ({ bytes, error }) => {
    expect(() => decode(fromHex(bytes))).toThrow(TxnFormatError)
    expect(() => decode(fromHex(bytes))).toThrow(error)
  })

  test.each([
    { what: 'half a header', bytes: '00000000' },
    { what: 'a record that ends early', bytes: `${HEADER_HEX} 00000002 00000005 2f61` },
    { what: 'a member longer than its multi', bytes: `${HEADER_HEX} 0000000e 00000001 ffffffff 00000009 fffffffe` },
    { what: 'more members than there are bytes for', bytes: `${HEADER_HEX} 0000000e 7fffffff` }
  ])('$what', ({ bytes }) => {
    expect(() => decode(fromHex(bytes))).toThrow('left')
  })
})

describe('a transaction without bytes is refused:', () => {
  test('its header is of another type than its body', () => {
    const txn = txnOf({ kind: 'error', err: -1 })

    expect(() => encode({ ...txn, header: { ...txn.header, type: 1 } })).toThrow(TxnFormatError)
  })

  test.each([
    { type: 1, mode: 'container' },
    { type: 15, mode: 'ttl' },
    { type: 19, mode: 'persistent' },
    { type: 21, mode: 'container' }
  ] as const)('a create of type $type is $mode', ({ type, mode }) => {
    expect(() => encode(txnOf({ ...create, type, mode }))).toThrow(TxnFormatError)
  })
})
