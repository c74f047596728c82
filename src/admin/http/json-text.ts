import { javaDouble } from '../java-text.ts'

/**
 * What an admin command answers with, as JSON. Lists and objects may be lazy: each part is asked for when its text is
 * about to be written, which may be turns later.
 */
export type JsonValue = string | number | bigint | boolean | null | JsonDecimal | JsonObject | JsonList

/** A number that Java keeps as a double: `0.0`. */
export interface JsonDecimal {
  readonly kind: 'decimal'
  readonly value: number
}

export type JsonField = readonly [name: string, value: JsonValue]

export interface JsonObject {
  readonly kind: 'object'
  /** Null is no field: see `Sliced`. */
  readonly fields: Iterable<JsonField | null>
}

export interface JsonList {
  readonly kind: 'list'
  readonly items: Iterable<JsonValue>
}

export function decimal(value: number): JsonDecimal {
  return { kind: 'decimal', value }
}

export function object(fields: Iterable<JsonField | null>): JsonObject {
  return { kind: 'object', fields }
}

export function list(items: Iterable<JsonValue>): JsonList {
  return { kind: 'list', items }
}

/** Applies `map` to each item when it is asked for. */
export function* lazily<T, U>(items: Iterable<T>, map: (item: T) => U): Generator<U> {
  for (const item of items) yield map(item)
}

/**
 * The text of a value, piece by piece (an empty one for work without text), laid out as upstream's writer does it: two blanks a level, ` : ` behind names, lists
 * on one line (`[ 1, 2 ]`) and `{ }`, `[ ]` for empty ones.
 */
export function* jsonText(value: JsonValue, level = 0): Generator<string> {
  if (isScalar(value)) yield scalarText(value)
  else if (value.kind === 'decimal') yield decimalText(value.value)
  else if (value.kind === 'object') yield* objectText(value, level)
  else yield* listText(value, level)
}

function* objectText({ fields }: JsonObject, level: number): Generator<string> {
  const indent = '  '.repeat(level + 1)
  let isEmpty = true
  for (const field of fields) {
    if (field === null) {
      yield ''
      continue
    }
    const [name, value] = field
    const start = `${isEmpty ? '{' : ','}\n${indent}${quoted(name)} : `
    isEmpty = false
    if (isScalar(value)) yield start + scalarText(value)
    else {
      yield start
      yield* jsonText(value, level + 1)
    }
  }
  yield isEmpty ? '{ }' : `\n${'  '.repeat(level)}}`
}

/** Each piece passes through all generators above, so that those of long lists are made longer. */
const LIST_PIECE_LENGTH = 1024

/** A list does not count as a level. */
function* listText({ items }: JsonList, level: number): Generator<string> {
  let text = '['
  let isEmpty = true
  for (const item of items) {
    text += isEmpty ? ' ' : ', '
    isEmpty = false
    if (isScalar(item)) text += scalarText(item)
    else {
      yield text
      text = ''
      yield* jsonText(item, level)
    }
    if (text.length < LIST_PIECE_LENGTH) continue
    yield text
    text = ''
  }
  yield `${text} ]`
}

function isScalar(value: JsonValue): value is string | number | bigint | boolean | null {
  return value === null || typeof value !== 'object'
}

function scalarText(value: string | number | bigint | boolean | null): string {
  return typeof value === 'string' ? quoted(value) : String(value)
}

function decimalText(value: number): string {
  return Number.isFinite(value) ? javaDouble(value) : quoted(String(value))
}

/** JSON.stringify writes lone surrogates as escapes, so that the text is always well-formed UTF-8. */
function quoted(text: string): string {
  return JSON.stringify(text)
}
