import { JuteReader, JuteWriter } from 'jute-ts'
import { timeZone, zoneName } from '../../cli/zone-name.ts'
import type { ACL } from '../../protocol/generated/data.ts'
import { toBigInt, toHex, toNumber } from '../../protocol/int64.ts'
import { OpCode } from '../../protocol/op-code.ts'
import { decodeTxn, type Txn } from '../../protocol/txn.ts'
import { bodyType, type CreateBody, type TxnBody } from '../../protocol/txn-body.ts'
import { encodeTxnBody } from '../../protocol/txn-record.ts'
import { javaText } from '../java-utf8.ts'
import { MinuteCache } from '../minute-cache.ts'

/** Transactions as lines of text, in the form of upstream's `TxnLogToolkit`. */

const NAMES = new Map(Object.entries(OpCode).map(([name, type]) => [type as number, name]))
const JUTE_LENGTH_MAX = Number.MAX_SAFE_INTEGER

/**
 * One transaction with the end of its line: `11/23/26, 5:19:05 AM UTC session 0x1 cxid 0x1 zxid 0x2 create /a,…`. An ACL
 * breaks the line after each of its entries.
 *
 * @throws JuteError, TxnFormatError: the bytes are no transaction
 */
export function formatTxn(bytes: Uint8Array, times: MinuteCache): string {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const txn = decodeTxn(new JuteReader(body, JUTE_LENGTH_MAX))
  const line = `${headText(txn, times)} ${bodyText(txn.body)}`
  return line.endsWith('\n') ? line : `${line}\n`
}

/** Times as the lines have them, in the zone of the environment. */
export function txnTimes(): MinuteCache {
  const zone = timeZone(process.env)
  return new MinuteCache((timeMs) => formatTime(timeMs, zone))
}

function headText({ header }: Txn, times: MinuteCache): string {
  const { clientIdHi, clientIdLo, cxid, zxidHi, zxidLo, timeHi, timeLo, type } = header
  // compat: Java widens the cxid before it shows it.
  const cxidText = BigInt.asUintN(64, BigInt(cxid)).toString(16)
  return (
    `${times.text(toNumber(timeHi, timeLo))} session 0x${toHex(clientIdHi, clientIdLo)} cxid 0x${cxidText} ` +
    `zxid 0x${toHex(zxidHi, zxidLo)} ${typeName(type)}`
  )
}

function typeName(type: number): string {
  return NAMES.get(type) ?? `unknown ${type}`
}

/** As Java's `DateFormat` in its short form of dates and long form of times, in English. */
function formatTime(timeMs: number, zone: string): string {
  const parts = new Map(
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      year: '2-digit',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h12'
    })
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, value])
  )
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? ''
  const time = `${part('hour')}:${part('minute')}:${part('second')} ${part('dayPeriod')}`
  return `${part('month')}/${part('day')}/${part('year')}, ${time} ${zoneName(timeMs, zone)}`
}

function bodyText(body: TxnBody): string {
  switch (body.kind) {
    case 'create':
      return createText(body)
    case 'setData':
      return `${body.path},${dataText(body.data)},${body.version}`
    case 'multi':
      return body.operations.map((member) => `${typeName(bodyType(member))}:${recordText(member)}`).join(';')
    case 'delete':
      return `${quoted(body.path)}\n`
    case 'setACL':
      return `${quoted(body.path)},v{${(body.acl ?? []).map((entry) => `s{${aclText(entry)}}`).join(',')}},${body.version}\n`
    case 'check':
      return `${quoted(body.path)},${body.version}\n`
    case 'error':
      return `${body.err}\n`
    case 'createSession':
      return `${body.timeoutMs}\n`
    case 'closeSession':
      return body.paths === null ? '' : `v{${body.paths.map(quoted).join(',')}}\n`
    default:
      return body
  }
}

function createText({ path, data, acl, mode, ttlHi, ttlLo, parentCversion }: CreateBody): string {
  const list = acl === null ? 'null' : `[${acl.map((entry) => `${aclText(entry)}\n`).join(', ')}]`
  const begin = `${path},${dataText(data)},${list}`
  if (mode === 'ttl') return `${begin},${parentCversion},${toBigInt(ttlHi, ttlLo)}`
  if (mode === 'container') return `${begin},${parentCversion}`
  return `${begin},${mode === 'ephemeral'},${parentCversion}`
}

function dataText(data: Uint8Array | null): string {
  return data === null ? '' : javaText(data)
}

/** compat: upstream shows the record of a multi's member as it is, taken for text. */
function recordText(member: TxnBody): string {
  const writer = new JuteWriter()
  encodeTxnBody(writer, member)
  return javaText(writer.copyBytes())
}

function aclText({ perms, id }: ACL): string {
  return `${perms},s{${quoted(id.scheme)},${quoted(id.id)}}`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '%00',
  '\n': '%0A',
  '\r': '%0D',
  ',': '%2C',
  '}': '%7D',
  '%': '%25'
}

/** A text as Jute's records show it. */
function quoted(text: string | null): string {
  return text === null ? '' : `'${text.replace(/[\0\n\r,}%]/g, (char) => ESCAPES[char] ?? char)}`
}
