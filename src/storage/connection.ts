import Database from 'better-sqlite3'

// biome-ignore lint/complexity/noBannedTypes: as the base class has it
type Parameters = unknown[] | {}

/** Whether this Node.js may have the flaw that `Connection` is made for. */
const MUST_KEEP = Number.parseInt(process.versions.node, 10) >= 24

/**
 * A connection to SQLite. On Node.js 24 and later the garbage collector never takes it, nor any of its statements: they
 * live as long as their thread. Nothing else in the project may make one.
 *
 * From Node.js 24.19 on, the base class of better-sqlite3's native objects (`node::ObjectWrap`) registers each of them
 * with the thread's environment and takes it back in its destructor; but a destructor that runs because of a collection
 * finds no environment, which is a failed check that ends the process. What is still there when the thread ends is
 * destroyed in time, in reverse order, while the environment is there. So the only safe object is one that is never
 * collected; to collect early would be a race with the collections that V8 starts by itself.
 *
 * The price is some 500 bytes for each statement, also after `close`. So the same SQL is the same statement, and what has
 * no result to look at goes to `exec`. `iterate` would make an object that is not kept: use `get` and `all`.
 */
export class Connection extends Database {
  readonly #statements = new Map<string, Database.Statement>()
  readonly #pragmas: object[] = []

  /** Opens a file; the arguments are those of better-sqlite3. A connection must be closed: nothing else does it. */
  constructor(path: string, options?: Database.Options) {
    super(path, options)
    if (MUST_KEEP) keptList(this).push(this)
  }

  /**
   * The statement of this text. Whoever asks for it again gets the same one, with the modes (`raw`, `pluck`,
   * `safeIntegers`) that it has, so one text is always used in one way.
   */
  override prepare<P extends Parameters = unknown[], R = unknown>(sql: string): Database.Statement<P, R> {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = super.prepare(sql)
      this.#statements.set(sql, statement)
    }
    // Parameters and rows are what the caller says, as in the base class.
    return statement as unknown as Database.Statement<P, R>
  }

  /**
   * Runs `PRAGMA source`. The base class would make a statement that nobody can keep; ours is made anew each time, since
   * SQLite carries out or answers some pragmas while it compiles them. So this is not for what is done again and again.
   */
  override pragma(source: string, options?: Database.PragmaOptions): unknown {
    const statement = super.prepare<[], Record<string, unknown>>(`PRAGMA ${source}`)
    this.#pragmas.push(statement)
    if (!statement.reader) {
      statement.run()
      return []
    }
    const rows = statement.all()
    if (options?.simple !== true) return rows
    const [first] = rows
    return first === undefined ? undefined : Object.values(first)[0]
  }
}

const KEPT = Symbol.for('zoonode.storage.connections')

interface StatementClass {
  readonly name: string
  [KEPT]?: object[]
}

let kept: object[] | undefined

/**
 * What refers to this thread's connections. The list hangs on the native class of statements, which lives as long as the
 * thread: this module need not, as a test runner loads it anew for each file of tests.
 */
function keptList(connection: Connection): object[] {
  if (kept !== undefined) return kept
  const holder: StatementClass = connection.prepare('SELECT 1').constructor
  kept = holder[KEPT] ?? []
  holder[KEPT] = kept
  return kept
}
