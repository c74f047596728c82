import type { JuteReader, JuteWriter } from '../../src/index.ts'

/** The functions generated for one record, for tests that go through many records. */
export interface RecordCodec {
  readonly decode: (reader: JuteReader) => unknown
  readonly encode: (writer: JuteWriter, record: unknown) => void
  readonly skip: (reader: JuteReader) => void
}

/** Finds a record's functions in what a generated file exports. */
export function codecOf(exports: Readonly<Record<string, unknown>>, record: string): RecordCodec {
  const decode = functionNamed(exports, `decode${record}`)
  const encode = functionNamed(exports, `encode${record}`)
  const skip = functionNamed(exports, `skip${record}`)
  return {
    decode: (reader) => decode(reader),
    encode: (writer, value) => encode(writer, value),
    skip: (reader) => skip(reader)
  }
}

function functionNamed(exports: Readonly<Record<string, unknown>>, name: string): (...args: unknown[]) => unknown {
  const value = exports[name]
  if (!isFunction(value)) throw new TypeError(`there is no function ${name}`)
  return value
}

function isFunction(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function'
}
