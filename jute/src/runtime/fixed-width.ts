/**
 * Big-endian numbers at a given offset, for generated code that has checked the bounds of a whole record at once.
 * None of these checks bounds: reading outside gives 0-filled garbage, writing outside is lost.
 */

export function getInt(buffer: Uint8Array, offset: number): number {
  return (
    ((buffer[offset] as number) << 24) | // in bounds by this module's contract, as below
    ((buffer[offset + 1] as number) << 16) |
    ((buffer[offset + 2] as number) << 8) |
    (buffer[offset + 3] as number)
  )
}

export function putInt(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value >>> 24
  buffer[offset + 1] = value >>> 16
  buffer[offset + 2] = value >>> 8
  buffer[offset + 3] = value
}

export function getLong(buffer: Uint8Array, offset: number): bigint {
  return (BigInt(getInt(buffer, offset)) << 32n) | BigInt(getInt(buffer, offset + 4) >>> 0)
}

/** Writes the low 64 bits of `value`. */
export function putLong(buffer: Uint8Array, offset: number, value: bigint): void {
  putInt(buffer, offset, Number(BigInt.asIntN(32, value >> 32n)))
  putInt(buffer, offset + 4, Number(BigInt.asIntN(32, value)))
}

export function getFloat(buffer: Buffer, offset: number): number {
  return buffer.readFloatBE(offset)
}

export function putFloat(buffer: Buffer, offset: number, value: number): void {
  buffer.writeFloatBE(value, offset)
}

export function getDouble(buffer: Buffer, offset: number): number {
  return buffer.readDoubleBE(offset)
}

export function putDouble(buffer: Buffer, offset: number, value: number): void {
  buffer.writeDoubleBE(value, offset)
}

export function getBool(buffer: Uint8Array, offset: number): boolean {
  return buffer[offset] !== 0
}

export function putBool(buffer: Uint8Array, offset: number, value: boolean): void {
  buffer[offset] = value ? 1 : 0
}

export function getByte(buffer: Uint8Array, offset: number): number {
  return ((buffer[offset] as number) << 24) >> 24
}

export function putByte(buffer: Uint8Array, offset: number, value: number): void {
  buffer[offset] = value
}
