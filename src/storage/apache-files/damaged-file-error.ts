import { StorageError } from '../storage-error.ts'

/** A file that is not as Apache ZooKeeper writes it; one line that names the file and what is wrong. */
export class DamagedFileError extends StorageError {
  constructor(path: string, problem: string, options?: ErrorOptions) {
    super('DAMAGED', `${path} is damaged: ${problem}`, options)
    this.name = 'DamagedFileError'
  }
}
