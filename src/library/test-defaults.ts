import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ConfigKeys } from './member-files.ts'

/** Keys that suit tests: sessions end soon when that is asked for, and live long enough when it is not. */
export const TEST_KEYS: ConfigKeys = {
  tickTime: 500,
  minSessionTimeout: 1000,
  maxSessionTimeout: 60_000,
  initLimit: 20,
  syncLimit: 10,
  'admin.enableServer': false,
  '4lw.commands.whitelist': '*'
}

/** @returns a new folder for temporary data */
export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'zoonode-test-'))
}
