import { closeSync, existsSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, write } from 'node:fs'
import { dirname } from 'node:path'
import { Writable } from 'node:stream'
import { ConfigError } from '../config/config-error.ts'

export interface RollingFileOptions {
  /** Absolute. Old files are `path.1` (the newest), `path.2` … */
  readonly path: string
  /** A file that has reached this size is put aside before the next line. */
  readonly sizeBytesMax: number
  /** Old files kept; 0 = the file is started again. */
  readonly backupCountMax: number
  /** A file that was begun so long ago is put aside before the next line, too; null or not given: never. */
  readonly ageMsMax?: number | null
  /** Wall clock. */
  readonly nowMs?: () => number
  /** Told once of each run of failures, such as a full disk; lines are lost meanwhile, and the server goes on. */
  readonly onError: (error: Error) => void
}

/**
 * A log file that is put aside when it is full. Made of a stream whose every chunk is whole lines.
 *
 * @throws ConfigError when the file cannot be opened
 */
export function openRollingFile(options: RollingFileOptions): Writable {
  let file = openFirst(options.path)
  const { nowMs = Date.now } = options
  const ageMsMax = options.ageMsMax ?? Number.POSITIVE_INFINITY
  const found = fstatSync(file)
  let sizeBytes = found.size
  // Where the file system does not keep when a file was made, it counts from its last line.
  let begunMs = sizeBytes === 0 ? nowMs() : found.birthtimeMs || found.mtimeMs
  let isFailing = false

  const report = (error: Error): void => {
    if (!isFailing) options.onError(error)
    isFailing = true
  }
  const rollIfFull = (): void => {
    const isOld = sizeBytes > 0 && nowMs() - begunMs >= ageMsMax
    if (sizeBytes < options.sizeBytesMax && !isOld) return
    shiftFiles(options)
    // The new one is opened before the old one is closed: if that fails, lines go on to the old one.
    const next = openSync(options.path, 'a')
    closeSync(file)
    file = next
    sizeBytes = 0
    begunMs = nowMs()
  }

  return new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      try {
        rollIfFull()
      } catch (error) {
        report(error instanceof Error ? error : new Error(String(error)))
      }
      writeAll(file, chunk, 0, (error) => {
        if (error === null) isFailing = false
        else report(error)
        sizeBytes += chunk.length
        done()
      })
    },
    final(done) {
      closeSync(file)
      done()
    }
  })
}

function openFirst(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException // the file system throws nothing else
    throw new ConfigError(`the log file ${path} cannot be opened (${code}): check log.dir`, null, null, {
      cause: error
    })
  }
}

function writeAll(file: number, chunk: Buffer, from: number, done: (error: Error | null) => void): void {
  write(file, chunk, from, chunk.length - from, null, (error, written) => {
    if (error !== null) done(error)
    else if (from + written < chunk.length) writeAll(file, chunk, from + written, done)
    else done(null)
  })
}

function shiftFiles({ path, backupCountMax }: RollingFileOptions): void {
  if (backupCountMax === 0) {
    rmSync(path, { force: true })
    return
  }
  for (let number = backupCountMax - 1; number >= 1; number--) {
    if (existsSync(`${path}.${number}`)) renameSync(`${path}.${number}`, `${path}.${number + 1}`)
  }
  renameSync(path, `${path}.1`)
}
