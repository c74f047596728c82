import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One run of a command, as recorded. */
export interface RecordedRun {
  readonly words: readonly string[]
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export function readGolden(name: string): string {
  return readFileSync(join(__dirname, 'golden', name), 'utf8')
}

/** The runs of a file with one run after the other. */
export function parseRuns(text: string): RecordedRun[] {
  return text
    .split(/^\$ zkCli -server HOST:PORT /m)
    .slice(1)
    .map((run) => {
      const [command = '', rest = ''] = splitOnce(run, '\n')
      return { words: command.split(' '), ...parseOutput(rest) }
    })
}

/** The runs of a file with one run a line, in JSON. */
export function parseJsonRuns(text: string): RecordedRun[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedRun) // a golden file of this project
}

/** Exit code and streams: `[exit 0]`, `--- stdout`, text, `--- stderr`, text, an empty line. */
export function parseOutput(text: string): Omit<RecordedRun, 'words'> {
  const [, exitCode, stdout, stderr] = /^\[exit (\d+)\]\n--- stdout\n(.*?)--- stderr\n(.*)\n$/s.exec(text) ?? []
  if (exitCode === undefined || stdout === undefined || stderr === undefined)
    throw new Error(`not a recording: ${text}`)
  return { exitCode: Number(exitCode), stdout, stderr }
}

/** Replaces what differs from run to run: ports, zxids, times, session ids, the program's own version. */
export function withoutVariables(text: string): string {
  return text
    .replace(/127\.0\.0\.1:\d+/g, 'HOST:PORT')
    .replace(/(c|m|p)Zxid = 0x(?!0\n)[0-9a-f]+/g, '$1Zxid = 0xZXID')
    .replace(/ephemeralOwner = 0x(?!0\n)[0-9a-f]+/g, 'ephemeralOwner = 0xSESSION')
    .replace(/time = (?!Thu Jan 01 00:00:00 UTC 1970)\w{3} \w{3} \d\d [\d:]{8} UTC \d{4}/g, 'time = DATE')
    .replace(/zxid: \d+/g, 'zxid: ZXID')
    .replace(/CLI version: 3\.9\.5-\S+, built on [-\d]+ [:\d]+ UTC/g, 'CLI version: VERSION')
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator)
  return [text.slice(0, index), text.slice(index + separator.length)]
}
