import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const TIMEOUT_MS = 120_000

/** Runs a short command and returns its standard output; throws if it fails or takes longer than two minutes. */
export async function capture(command: string, args: readonly string[], cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)(command, [...args], { cwd, timeout: TIMEOUT_MS })
  return stdout
}
