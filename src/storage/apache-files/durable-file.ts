import { constants, copyFileSync, writeFileSync } from 'node:fs'
import { syncFile } from '../directory.ts'

/** New files that are on the disk when these return. Errors are those of the system. */

/** Makes a file of this text, which must not be there yet. */
export function writeNewFile(path: string, text: string): void {
  writeFileSync(path, text, { flag: 'wx' })
  syncFile(path)
}

/** Copies a file to where none is yet. */
export function copyNewFile(from: string, to: string): void {
  copyFileSync(from, to, constants.COPYFILE_EXCL)
  syncFile(to)
}
