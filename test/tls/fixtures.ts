import { join } from 'node:path'
import type { StoreSettings } from '../../src/tls/endpoint-settings.ts'

const FOLDER = join(__dirname, 'fixtures')

/** A file of `fixtures/`; `make.sh` there says what is in it. */
export function fixture(name: string): string {
  return join(FOLDER, name)
}

/** A store of `fixtures/`, with its password. */
export function storeOf(name: string, more: Partial<StoreSettings> = {}): StoreSettings {
  return { location: fixture(name), password: 'secret', passwordPath: null, type: null, ...more }
}

export const NO_STORE: StoreSettings = { location: null, password: null, passwordPath: null, type: null }
