import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A file of the page. */
export interface Asset {
  readonly type: string
  readonly bytes: Buffer
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml'
}

/** All files of the page by name, in memory: what is asked for is looked up here, and never is a path. @throws Error where they are not found */
export function loadAssets(): ReadonlyMap<string, Asset> {
  const folder = pageFolder()
  const assets = new Map<string, Asset>()
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)]
    if (type !== undefined) assets.set(name, { type, bytes: readFileSync(join(folder, name)) })
  }
  return assets
}

/** This module may be a part of a bundle, which lies elsewhere under the same root. */
function pageFolder(): string {
  const start = dirname(fileURLToPath(import.meta.url))
  for (let folder = start; ; folder = dirname(folder)) {
    const page = join(folder, 'admin', 'console', 'page')
    if (existsSync(join(page, 'index.html'))) return page
    if (folder === dirname(folder)) throw new Error("the console's page is not where it was installed")
  }
}
