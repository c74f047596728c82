/** Where a progress bar goes: standard error, if that is a terminal. */
export interface ProgressTerminal {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
}

const REDRAW_MS = 100
const BAR_WIDTH_MAX = 40
const CLEAR_LINE = '\r\x1b[K'

/** Shows how far a long piece of work has come, on a terminal; elsewhere nothing. */
export class ProgressBar {
  readonly #label: string
  readonly #terminal: ProgressTerminal
  readonly #nowMs: () => number
  #drawnMs = Number.NEGATIVE_INFINITY
  #isDrawn = false

  constructor(
    label: string,
    terminal: ProgressTerminal = process.stderr,
    nowMs: () => number = () => performance.now()
  ) {
    this.#label = label
    this.#terminal = terminal
    this.#nowMs = nowMs
  }

  update(done: number, total: number): void {
    if (this.#terminal.isTTY !== true) return
    const now = this.#nowMs()
    if (now - this.#drawnMs < REDRAW_MS) return
    this.#drawnMs = now
    this.#isDrawn = true
    const share = total <= 0 ? 0 : Math.min(1, done / total)
    const width = Math.max(5, Math.min(BAR_WIDTH_MAX, (this.#terminal.columns ?? 80) - this.#label.length - 9))
    const filled = Math.round(share * width)
    const percent = String(Math.floor(share * 100)).padStart(3)
    this.#terminal.write(`${CLEAR_LINE}${this.#label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${percent}%`)
  }

  /** Takes it away. */
  end(): void {
    if (this.#isDrawn) this.#terminal.write(CLEAR_LINE)
    this.#isDrawn = false
  }
}
