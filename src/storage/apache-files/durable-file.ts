import { closeSync, constants, copyFileSync, fsyncSync, openSync, writeFileSync } from 'node:fs'

/** New files that are on the disk when these return. Errors are those of the system. */

export function syncFile(path: string): void {
  const handle = openSync(path, 'r+')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

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
