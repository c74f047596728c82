import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Random } from './random.ts'
import type { DiskCall } from './recording.ts'

/**
 * What may be on a disk when the power fails: for each file, what was synced last, and the writes since then, of which
 * any may have arrived, whole, in part (sectors of 512 bytes) or not at all; the same for the names in each directory.
 */

const SECTOR_BYTES = 512

type PendingChange =
  | { readonly kind: 'write'; readonly offset: number; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly size: number }

/** How the unsynced changes of an image are chosen. */
export type CutMode = 'kept' | 'dropped' | 'prefix' | 'random' | 'torn'
export const CUT_MODES: readonly CutMode[] = ['kept', 'dropped', 'prefix', 'random', 'torn']

/** A file, with or without a name. */
class FileModel {
  #bytes = Buffer.alloc(4096)
  #size = 0
  #pending: PendingChange[] = []

  static of(bytes: Buffer): FileModel {
    const file = new FileModel()
    file.#write(0, bytes)
    return file
  }

  change(change: PendingChange): void {
    this.#pending.push(change)
  }

  sync(): void {
    for (const change of this.#pending) this.#apply(change)
    this.#pending = []
  }

  get pendingCount(): number {
    return this.#pending.length
  }

  /** One of the contents that the disk may have. */
  image(mode: CutMode, random: Random): Buffer {
    const copy = new FileModel()
    copy.#bytes = Buffer.from(this.#bytes.subarray(0, Math.max(this.#size, 1)))
    copy.#size = this.#size
    const kept = mode === 'prefix' ? random.below(this.#pending.length + 1) : 0
    this.#pending.forEach((change, index) => {
      if (mode === 'kept' || (mode === 'prefix' && index < kept)) copy.#apply(change)
      else if (mode === 'random' && random.chance(0.5)) copy.#apply(change)
      else if (mode === 'torn') copy.#applyTorn(change, random)
    })
    return copy.#bytes.subarray(0, copy.#size)
  }

  #apply(change: PendingChange): void {
    if (change.kind === 'write') this.#write(change.offset, change.data)
    else this.#truncate(change.size)
  }

  #applyTorn(change: PendingChange, random: Random): void {
    if (change.kind === 'truncate') {
      if (random.chance(0.5)) this.#truncate(change.size)
      return
    }
    const { offset, data } = change
    for (let at = 0; at < data.length; ) {
      const length = Math.min(data.length - at, SECTOR_BYTES - ((offset + at) % SECTOR_BYTES))
      if (random.chance(0.7)) this.#write(offset + at, data.subarray(at, at + length))
      at += length
    }
  }

  #write(offset: number, data: Buffer): void {
    this.#ensure(offset + data.length)
    data.copy(this.#bytes, offset)
    this.#size = Math.max(this.#size, offset + data.length)
  }

  #truncate(size: number): void {
    this.#ensure(size)
    if (size < this.#size) this.#bytes.fill(0, size, this.#size)
    this.#size = size
  }

  #ensure(size: number): void {
    if (size <= this.#bytes.length) return
    const larger = Buffer.alloc(Math.max(size, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }
}

/** What a name stands for. */
type Entry = FileModel | 'directory'

type NameChange =
  | { readonly kind: 'set'; readonly path: string; readonly entry: Entry }
  | { readonly kind: 'rename'; readonly path: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }

/** The files under a root, by the calls that were made. Paths are those of the recording. */
export class DiskModel {
  readonly #root: string
  /** As the running process sees them. */
  readonly #files = new Map<bigint, FileModel>()
  readonly #names = new Map<string, bigint>()
  /** As they are for sure after a power cut. */
  readonly #durableNames = new Map<string, Entry>()
  readonly #pendingNames = new Map<string, NameChange[]>()

  /** @param root what is in it now counts as durable */
  constructor(root: string) {
    this.#root = root
    this.#durableNames.set(root, 'directory')
    for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
      const path = join(root, name)
      const info = statSync(path, { bigint: true })
      if (info.isDirectory()) {
        this.#durableNames.set(path, 'directory')
        continue
      }
      const file = FileModel.of(readFileSync(path))
      this.#durableNames.set(path, file)
      this.#files.set(info.ino, file)
      this.#names.set(path, info.ino)
    }
  }

  apply(call: DiskCall): void {
    switch (call.kind) {
      case 'write':
        return this.#file(call.inode).change({ kind: 'write', offset: call.offset, data: call.data })
      case 'truncate':
        return this.#file(call.inode).change({ kind: 'truncate', size: call.size })
      case 'sync':
        return this.#file(call.inode).sync()
      case 'create': {
        const file = new FileModel()
        this.#files.set(call.inode, file)
        this.#names.set(call.path, call.inode)
        return this.#changeName({ kind: 'set', path: call.path, entry: file })
      }
      case 'makeDirectory':
        return this.#changeName({ kind: 'set', path: call.path, entry: 'directory' })
      case 'rename': {
        const inode = this.#names.get(call.path)
        this.#names.delete(call.path)
        if (inode !== undefined) this.#names.set(call.to, inode)
        return this.#changeName({ kind: 'rename', path: call.path, to: call.to })
      }
      case 'unlink':
        this.#names.delete(call.path)
        return this.#changeName({ kind: 'remove', path: call.path })
      case 'syncDirectory': {
        for (const change of this.#pendingNames.get(call.path) ?? []) applyName(this.#durableNames, change)
        this.#pendingNames.delete(call.path)
        return
      }
      default:
        return unreachable(call)
    }
  }

  /** Tells whether a power cut could leave more than one image now. */
  hasPending(): boolean {
    return this.#pendingNames.size > 0 || [...this.#files.values()].some(({ pendingCount }) => pendingCount > 0)
  }

  /** Writes one of the possible images under `target`, an existing empty directory. */
  writeImage(target: string, mode: CutMode, random: Random): void {
    const names = new Map(this.#durableNames)
    for (const changes of this.#pendingNames.values()) {
      const kept = random.below(changes.length + 1)
      changes.forEach((change, index) => {
        const isKept = mode === 'kept' || (mode === 'random' && random.chance(0.5)) || index < kept
        if (isKept && mode !== 'dropped') applyName(names, change)
      })
    }
    const paths = [...names.keys()].sort((one, other) => one.length - other.length)
    for (const path of paths) {
      const entry = names.get(path)
      if (entry === undefined || path === this.#root || !this.#isReachable(names, path)) continue
      const copy = join(target, path.slice(this.#root.length))
      if (entry === 'directory') mkdirSync(copy, { recursive: true })
      else writeFileSync(copy, entry.image(mode, random))
    }
  }

  #isReachable(names: ReadonlyMap<string, Entry>, path: string): boolean {
    for (let parent = dirname(path); parent.length >= this.#root.length; parent = dirname(parent)) {
      if (names.get(parent) !== 'directory') return false
    }
    return true
  }

  #file(inode: bigint): FileModel {
    const file = this.#files.get(inode)
    if (file === undefined) throw new Error(`the recording writes to inode ${inode}, which it never opened`)
    return file
  }

  #changeName(change: NameChange): void {
    const directory = dirname(change.path)
    const changes = this.#pendingNames.get(directory)
    if (changes === undefined) this.#pendingNames.set(directory, [change])
    else changes.push(change)
  }
}

function applyName(names: Map<string, Entry>, change: NameChange): void {
  switch (change.kind) {
    case 'set':
      names.set(change.path, change.entry)
      return
    case 'remove':
      names.delete(change.path)
      return
    case 'rename': {
      const entry = names.get(change.path)
      if (entry === undefined) return
      names.delete(change.path)
      names.set(change.to, entry)
      return
    }
    default:
      unreachable(change)
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown ${JSON.stringify(value)}`)
}
