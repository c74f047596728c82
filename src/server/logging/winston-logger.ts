import type { Writable } from 'node:stream'
import winston from 'winston'
import type { LoggingSettings, LogLevel } from '../config/settings.ts'
import { formatJson, formatLine, type LogEntry } from './log-line.ts'
import type { Logger, LogSystem } from './logger.ts'
import { openRollingFile } from './rolling-file.ts'

const LEVELS = { error: 0, warn: 1, info: 2, debug: 3, trace: 4 } as const
type Level = keyof typeof LEVELS

/**
 * Opens the log: console, file with rotation, both or none. The only place that knows winston.
 *
 * @param console  where console lines go: stdout of the process
 * @throws ConfigError when the log file cannot be opened
 */
export function openLog(settings: LoggingSettings, console: Writable): LogSystem {
  const transports: winston.transport[] = []
  const format = lineFormat(settings.format)
  let file: Writable | null = null
  if (settings.consoleLevel !== 'off') {
    // A closed pipe behind stdout must not stop the server, also not after close(): its error comes late.
    console.on('error', ignoreError)
    transports.push(streamTransport(console, settings.consoleLevel, format))
  }
  if (settings.file !== null && settings.file.level !== 'off') {
    const onError = (error: Error): void => {
      process.stderr.write(`log file: ${error.message}; lines are lost until it can be written again\n`)
    }
    file = openRollingFile({ ...settings.file, onError })
    transports.push(streamTransport(file, settings.file.level, format))
  }
  const level = loudest(settings)
  const logger = winston.createLogger({ levels: LEVELS, level: level ?? 'error', silent: level === null, transports })
  return {
    root: makeLogger(logger, 'zoonode', level),
    close: () => endOf(logger, file)
  }
}

/** The level of the most talkative output; null when all are off. */
function loudest({ consoleLevel, file }: LoggingSettings): Level | null {
  const levels = [consoleLevel, file?.level ?? 'off'].filter((level): level is Level => level !== 'off')
  return levels.reduce<Level | null>(
    (best, level) => (best === null || LEVELS[level] > LEVELS[best] ? level : best),
    null
  )
}

/** perf: winston's own check of a level costs microseconds, so it is made once here and kept as booleans and as empty functions. */
function makeLogger(logger: winston.Logger, component: string, level: Level | null): Logger {
  const isEnabled = (wanted: Level): boolean => level !== null && LEVELS[wanted] <= LEVELS[level]
  const logAt = (wanted: Level): ((message: string, cause?: unknown) => void) =>
    isEnabled(wanted)
      ? (message, cause) => {
          logger.log(
            cause === undefined ? { level: wanted, component, message } : { level: wanted, component, message, cause }
          )
        }
      : ignore
  return {
    infoEnabled: isEnabled('info'),
    debugEnabled: isEnabled('debug'),
    traceEnabled: isEnabled('trace'),
    error: logAt('error'),
    warn: logAt('warn'),
    info: logAt('info'),
    debug: logAt('debug'),
    trace: logAt('trace'),
    child: (name) => makeLogger(logger, name, level)
  }
}

function streamTransport(stream: Writable, level: LogLevel, format: winston.Logform.Format): winston.transport {
  return new winston.transports.Stream({ stream, level, format, eol: '\n' })
}

function lineFormat(form: LoggingSettings['format']): winston.Logform.Format {
  const formatEntry = form === 'json' ? formatJson : formatLine
  return winston.format.printf((info) => {
    const { level, component, message, cause } = info
    const entry = { level, component: String(component), message: String(message) }
    return formatEntry(cause === undefined ? entry : ({ ...entry, cause } satisfies LogEntry), new Date())
  })
}

/** All lines handed to the outputs, and the file closed. */
async function endOf(logger: winston.Logger, file: Writable | null): Promise<void> {
  await new Promise<void>((resolve) => {
    logger.once('finish', resolve)
    logger.end()
  })
  if (file === null) return
  await new Promise<void>((resolve) => {
    file.end(resolve)
  })
}

function ignore(): void {
  // The level is off.
}

function ignoreError(): void {
  // Nobody reads the console any more; there is nowhere to say it.
}
