import { existsSync, readFileSync, realpathSync } from 'node:fs'

/**
 * Looks at what a server has stored of a configuration that is in force: the main file names the file with the membership and has none itself.
 *
 * @param version hexadecimal
 * @returns what is not as it must be, or null
 */
export function configurationFiles(mainFile: string, version: string, lines: readonly string[]): string | null {
  const main = readFileSync(mainFile, 'utf8').split('\n')
  const stray = main.find((line) => /^(server\.|clientPort)/.test(line))
  if (stray !== undefined) return `the main file still has ${stray}`
  const named = main.find((line) => line.startsWith('dynamicConfigFile='))?.slice('dynamicConfigFile='.length)
  const expected = `${realpathSync(mainFile)}.dynamic.${version}`
  if (named !== expected) return `dynamicConfigFile is ${named}, not ${expected}`
  const stored = readFileSync(named, 'utf8').trimEnd()
  if (stored !== [...lines].sort().join('\n')) return `${named} has\n${stored}`
  if (existsSync(`${mainFile}.dynamic.next`)) return 'the file of what was proposed is still there'
  return null
}
