/** Runtime of the code that `jute-ts compile` writes. It has no dependency. */
export {
  getBool,
  getByte,
  getDouble,
  getFloat,
  getInt,
  getLong,
  putBool,
  putByte,
  putDouble,
  putFloat,
  putInt,
  putLong
} from './runtime/fixed-width.ts'
export { JuteError, type JuteErrorCode } from './runtime/jute-error.ts'
export { JuteReader, LENGTH_MAX_DEFAULT } from './runtime/jute-reader.ts'
export { JuteWriter } from './runtime/jute-writer.ts'
export { tryDecode } from './runtime/try-decode.ts'
