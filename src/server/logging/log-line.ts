import { inspect } from 'node:util'

/** One message on its way to the log. */
export interface LogEntry {
  readonly level: string
  readonly component: string
  readonly message: string
  /** Shown with its stack and what caused it. */
  readonly cause?: unknown
}

/** `2026-11-23 10:00:00,123 [INFO] component - message`, in local time; a cause follows on lines of its own. */
export function formatLine({ level, component, message, cause }: LogEntry, time: Date): string {
  const line = `${formatTime(time)} [${level.toUpperCase()}] ${component} - ${escapeControls(message)}`
  return cause === undefined ? line : `${line}\n${describeCause(cause)}`
}

/** The same as one JSON object: `time` (ISO 8601, UTC), `level`, `component`, `message`, and `cause` if there is one. */
export function formatJson({ level, component, message, cause }: LogEntry, time: Date): string {
  const fields = { time: time.toISOString(), level, component, message }
  return JSON.stringify(cause === undefined ? fields : { ...fields, cause: describeCause(cause) })
}

/** `2026-11-23 10:00:00,123`, in local time. */
export function formatTime(time: Date): string {
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0')
  const date = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`
  return `${date} ${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())},${pad(time.getMilliseconds(), 3)}`
}

/** A line stays a line: what clients send (paths, names) may hold anything. */
export function escapeControls(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
  return message.replace(/[\u0000-\u001f\u007f]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
}

function describeCause(cause: unknown): string {
  return typeof cause === 'string' ? cause : inspect(cause)
}
