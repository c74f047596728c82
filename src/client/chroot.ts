import { CONFIG_PATH, pathProblem } from '../protocol/path.ts'
import { InvalidPathError } from './errors.ts'

/** A path as the program says it and as the server knows it. */
export interface NodePath {
  readonly client: string
  readonly server: string
}

/** The configuration node: the same for every client, whatever its chroot. */
export const CONFIG_NODE: NodePath = { client: CONFIG_PATH, server: CONFIG_PATH }

/**
 * Puts a client's chroot before its paths and takes it off what the server answers. The server knows nothing of it.
 */
export class Chroot {
  readonly #prefix: string

  /** @param path valid path of the chroot, or null for none */
  constructor(path: string | null) {
    this.#prefix = path ?? ''
  }

  /** @throws InvalidPathError if no server would accept the path */
  locate(path: string): NodePath {
    return this.#locateChecked(path, path)
  }

  /** As `locate`, for a path to which the server will append a number: it may end in `/`. */
  locateSequential(path: string): NodePath {
    return this.#locateChecked(path, `${path}1`)
  }

  /** Whether the node of that server path can be named by this client. */
  contains(serverPath: string): boolean {
    return this.#prefix === '' || serverPath === this.#prefix || serverPath.startsWith(`${this.#prefix}/`)
  }

  /** The client's name of a server path. Paths outside, such as that of the configuration node, stay as they are. */
  strip(serverPath: string): string {
    if (this.#prefix === '' || !this.contains(serverPath)) return serverPath
    return serverPath.length === this.#prefix.length ? '/' : serverPath.slice(this.#prefix.length)
  }

  #locateChecked(path: string, checked: string): NodePath {
    const problem = pathProblem(checked)
    if (problem !== null) throw new InvalidPathError(problem, { path })
    if (this.#prefix === '') return { client: path, server: path }
    return { client: path, server: path === '/' ? this.#prefix : this.#prefix + path }
  }
}
